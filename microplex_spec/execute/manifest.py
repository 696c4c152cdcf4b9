"""manifest.json: what a run was made of and what became of it, predicted beside actual."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..plan import Plan, Step
from ..spec.hashing import write_atomically
from .costs import machine_key
from .events import now
from .versions import versions

CHECKS_FAILED = "checks_failed"
BUILT = frozenset({"done", CHECKS_FAILED})
"""Statuses of a run that left a whole file, whatever its checks say of it."""


@dataclass
class Manifest:
    """Grows with the run and is written after each step, so that a killed run says how far it came."""

    path: Path
    plan: Plan
    store: str | None = None
    executor: str = "serial"
    started: str = field(default_factory=now)
    finished: str | None = None
    status: str = "running"
    headline: dict[str, Any] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    before: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of_run(cls, path: Path, plan: Plan, store: str | None = None, executor: str = "serial") -> Manifest:
        """The manifest of a new run, or of one that is gone on with: what its steps took before is kept."""
        manifest = cls(path, plan, store, executor)
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
            manifest.started = before["started"]
            manifest.before = {step["id"]: step for step in before["steps"] if step["status"] == "done"}
        except (OSError, ValueError, KeyError):
            pass
        return manifest

    def add(
        self,
        step: Step,
        status: str,
        seconds: float,
        peak: int,
        start: int,
        error: str | None,
        record: dict[str, Any],
    ) -> None:
        if status == "reused" and step.id in self.before:
            self.steps.append(self.before[step.id])
            self.write()
            return
        self.steps.append(
            {
                "id": step.id,
                "status": status,
                "seconds": round(seconds, 3),
                "peak_bytes": peak,
                "start_bytes": start,
                "predicted": asdict(step.predicted),
                "error": error,
                "record": record,
            }
        )
        self.write()

    def close(self, status: str, headline: dict[str, Any], checks: list[dict[str, Any]]) -> None:
        self.status, self.headline, self.checks, self.finished = status, headline, checks, now()
        self.write()

    def write(self) -> None:
        content = {
            "status": self.status,
            "spec": self.plan.spec,
            "plan_key": self.plan.key,
            "seed": self.plan.seed,
            "started": self.started,
            "finished": self.finished,
            "versions": versions(),
            "inputs": inputs(self.plan),
            "store": self.store,
            "executor": self.executor,
            "machine": machine_key(),
            "headline": self.headline,
            "checks": self.checks,
            "steps": self.steps,
        }
        write_atomically(self.path, json.dumps(content, indent=1) + "\n")


def inputs(plan: Plan) -> list[dict[str, str]]:
    """Every source file with its checksum."""
    return [
        {"path": path, "sha256": digest}
        for path, digest in sorted({item for step in plan.of_kind("load") for item in step.params["files"].items()})
    ]
