"""What a task gets: its step, the folders of its inputs, and a folder to leave its outputs in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from ..plan import Step


@dataclass(frozen=True)
class Task:
    """One step to run. inputs: artifact folder by step id. out: an empty folder. cache: may be lost at any time.

    run: the run folder, which only steps that are no checkpoints may read (its manifest so far, say).
    """

    step: Step
    inputs: Mapping[str, Path]
    out: Path
    cache: Path
    run: Path

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

    def names(self, kind: str) -> list[str]:
        """Names of the inputs of a kind."""
        return [step.partition(":")[2] for step in self.inputs if step.startswith(f"{kind}:")]


def run_task(task: Task) -> dict[str, Any]:
    """Run a step: the module of its kind under tasks/ does the work and returns a small record of it."""
    module = import_module(f".tasks.{task.step.kind}", package=__package__)
    return module.run(task)
