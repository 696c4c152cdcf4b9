"""The whole plan of a build: its steps in order, its budget, and its one JSON form."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..spec.errors import RUNS_LIE, Problem, SpecError
from ..spec.hashing import write_atomically
from .keys import digest
from .run_files import reading
from .step import Step


@dataclass(frozen=True)
class Budget:
    """What the machine gives to a build."""

    memory_bytes: int
    cores: int


@dataclass(frozen=True)
class Plan:
    """Steps in an order in which each follows its inputs.

    notes: what a reader should know beforehand. gone: ids of steps that the last build had and this has not.
    lock: gives the text of spec.lock.yaml, what the plan was compiled from; written when the plan is first run, and
    not known to a plan that was read back.
    """

    spec: str
    seed: int
    budget: Budget
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    lock: Callable[[], str] | None = field(default=None, compare=False, repr=False)

    @property
    def key(self) -> str:
        """Changes if and only if some result of the build may change."""
        return digest(sorted([step.id, step.key] for step in self.steps))

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __getitem__(self, step_id: str) -> Step:
        return next(step for step in self.steps if step.id == step_id)

    def of_kind(self, kind: str) -> list[Step]:
        return [step for step in self.steps if step.kind == kind]

    def restricted_to(self, ids: Collection[str]) -> Plan:
        """The plan of the steps with the given ids and of all that they need."""
        kept = set(ids)
        for step in reversed(self.steps):
            if step.id in kept:
                kept.update(step.inputs)
        return replace(self, steps=tuple(step for step in self.steps if step.id in kept), gone=())

    def seconds(self) -> float:
        """Predicted seconds of all that will run."""
        return sum(step.predicted.seconds for step in self.steps if step.status != "reuse")

    def peak_bytes(self) -> int:
        """Predicted peak over the steps that will run, one at a time."""
        return max((step.predicted.bytes for step in self.steps if step.status != "reuse"), default=0)

    def to_json(self) -> dict[str, Any]:
        return {
            "spec": self.spec,
            "key": self.key,
            "seed": self.seed,
            "budget": {"memory_bytes": self.budget.memory_bytes, "cores": self.budget.cores},
            "notes": list(self.notes),
            "gone": list(self.gone),
            "steps": [step.to_json() for step in self.steps],
        }

    def write(self, path: Path) -> None:
        write_atomically(path, json.dumps(self.to_json(), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Plan:
        """The plan stored in a run folder; SpecError where it is missing or no plan."""
        if not path.exists():
            raise SpecError(Problem(f"{path} is no stored plan: there is no such file", hint=RUNS_LIE))
        with reading(path, "stored plan"):
            data = json.loads(path.read_text(encoding="utf-8"))
            steps = tuple(Step.from_json(step) for step in data["steps"])
            notes, gone = tuple(data["notes"]), tuple(data.get("gone", ()))
            return cls(data["spec"], data["seed"], Budget(**data["budget"]), steps, notes, gone)
