"""What a task gets: its step (or a part of it), the folders of its inputs, and a folder to leave its outputs in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from ..plan import Step
from ..spec.registry import ENGINES


@dataclass(frozen=True)
class Task:
    """One step to run, or one part of it. Only paths and the step cross to another process.

    inputs: artifact folder by step id. out: an empty folder. cache: may be lost at any time. run: the run folder,
    which only steps that are no checkpoints may read (its manifest so far, say). part: rows of the root, first
    and behind the last, of a step done in batches; parts: the artifacts of all its parts, to be put together.
    """

    step: Step
    inputs: Mapping[str, Path]
    out: Path
    cache: Path
    run: Path
    part: tuple[int, int] | None = None
    parts: tuple[Path, ...] = ()

    @property
    def preload(self) -> str:
        return preload_of(self.step)

    def input(self, kind: str, name: str = "") -> Path:
        """The one input of a kind, or the one of that kind and name."""
        found = [
            path
            for step, path in self.inputs.items()
            if step == f"{kind}:{name}" or (not name and step.startswith(f"{kind}:"))
        ]
        if len(found) != 1:
            raise ValueError(f"{self.step.id} has {len(found)} inputs {kind}:{name or '*'}")
        return found[0]


def preload_of(step: Step) -> str:
    """The module that takes long to import and that the step needs, or "": that of its engine."""
    return ENGINES.load(step.params["engine"]).preload if step.kind == "simulate" else ""


def run_task(task: Task) -> dict[str, Any]:
    """Run a task: the module of its kind under tasks/ does the work and returns a small record of it.

    A kind that is done in batches has `run_part` and `join` beside `run`.
    """
    module = import_module(f".tasks.{task.step.kind}", package=__package__)
    if task.part is not None:
        return module.run_part(task)
    return module.join(task) if task.parts else module.run(task)
