"""Backends by name: readers, imputers, calibrators, engines and executors, found through entry points.

A backend is one small module that is imported only when it is asked for; its class carries its capability
row and cost functions, so that the compiler can choose among backends without running any.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import Any

from .errors import Problem, SpecError, did_you_mean


class Registry:
    """The backends of one kind. `names` is cheap; `load` imports the backend's module."""

    def __init__(self, kind: str, group: str):
        self.kind, self.group = kind, group

    def _points(self) -> dict[str, EntryPoint]:
        return _points(self.group)

    def names(self) -> list[str]:
        return sorted(self._points())

    def load(self, name: str) -> Any:
        """The backend class called `name`; SpecError naming the nearest one where there is none."""
        points = self._points()
        if name not in points:
            raise SpecError(Problem(f"unknown {self.kind} {name!r}", hint=did_you_mean(name, points)))
        return points[name].load()


@cache
def _points(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in _installed().select(group=group)}


@cache
def _installed() -> EntryPoints:
    """Those of every kind at once: finding them reads the folder of each package there is."""
    return entry_points()


READERS = Registry("reader", "microplex_spec.readers")
IMPUTERS = Registry("imputer", "microplex_spec.imputers")
CALIBRATORS = Registry("calibrator", "microplex_spec.calibrators")
ENGINES = Registry("engine", "microplex_spec.engines")
EXECUTORS = Registry("executor", "microplex_spec.executors")
