"""Checks of single parameters, worded alike for every backend."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..spec.errors import Problem, did_you_mean


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def whole_number(name: str, value: Any, least: int, most: int | None = None) -> list[Problem]:
    """A problem unless value is an integer of at least `least`, and of at most `most` where one is given."""
    if _is_whole(value) and value >= least and (most is None or value <= most):
        return []
    span = f"of at least {least}" if most is None else f"from {least} to {most}"
    return [Problem(f"{name} must be a whole number {span}, got {value!r}")]


def positive(name: str, value: Any, zero_ok: bool = False) -> list[Problem]:
    """A problem unless value is a finite number above zero, or of at least zero where that is allowed."""
    number = _is_whole(value) or isinstance(value, float | np.floating)
    if number and np.isfinite(value) and (value > 0 or (zero_ok and value == 0)):
        return []
    least = "of at least 0" if zero_ok else "above 0"
    return [Problem(f"{name} must be a number {least}, got {value!r}")]


def share(name: str, value: Any, zero_ok: bool = False) -> list[Problem]:
    """A problem unless value is a number in (0, 1], or in [0, 1) where zero is allowed."""
    span = "[0, 1)" if zero_ok else "(0, 1]"
    if _is_whole(value) or isinstance(value, float | np.floating):
        inside = 0 <= value < 1 if zero_ok else 0 < value <= 1
        if inside:
            return []
    return [Problem(f"{name} must be a share in {span}, got {value!r}")]


def share_or_count(name: str, value: Any) -> list[Problem]:
    """A problem unless value is a share (a float in (0, 1]) or a count (an integer of at least 1)."""
    return whole_number(name, value, 1) if _is_whole(value) else share(name, value)


def one_of(name: str, value: Any, known: Iterable[str]) -> list[Problem]:
    """A problem, with the nearest name, unless value is one of the known ones."""
    known = list(known)
    if value in known:
        return []
    return [Problem(f"unknown {name} {value!r}", hint=did_you_mean(str(value), known))]
