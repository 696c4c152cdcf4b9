"""Building the small project: a run in a folder of its own, with its events, manifest and tables at hand."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from small_project import SmallProject

from microplex_spec import compile_plan, execute
from microplex_spec.execute.runner import RunResult
from microplex_spec.execute.store import Store
from microplex_spec.plan import Plan
from microplex_spec.spec.choices import BackendChoice, Choices, Scale


@dataclass(frozen=True)
class Build:
    """A run of the small project and what it left."""

    small: SmallProject
    plan: Plan
    result: RunResult

    @property
    def folder(self) -> Path:
        return self.result.folder

    def json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def csv(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.folder / name)

    def table(self, entity: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "tables" / f"{entity}.parquet")

    def events(self, kind: str) -> list[dict[str, Any]]:
        lines = (self.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
        return [event for event in map(json.loads, lines) if event["event"] == kind]

    def statuses(self) -> dict[str, str]:
        return {step["id"]: step["status"] for step in self.json("manifest.json")["steps"]}

    def artifact(self, step: str) -> Path:
        return Store(self.small.project.store).path(self.plan[step].key)


def plan_small(
    small: SmallProject,
    calibrator: str = "auto",
    households: int | None = None,
    seed: int = 1,
    params: dict[str, Any] | None = None,
) -> Plan:
    """params: of the calibrator."""
    choice = BackendChoice(name=calibrator, params=params or {})
    scale = Scale(name="test", households=households)
    return compile_plan(small.load(), Choices(spec="small", seed=seed, scale=scale, calibrator=choice))


def run_plan(small: SmallProject, plan: Plan) -> Build:
    return Build(small, plan, execute(plan, project=small.project))


def build_small(small: SmallProject, **choices: Any) -> Build:
    return run_plan(small, plan_small(small, **choices))


def fresh_copy(small: SmallProject, root: Path) -> SmallProject:
    """The same project elsewhere, without runs: nothing can be reused."""
    shutil.copytree(small.root, root, ignore=shutil.ignore_patterns("runs"))
    return SmallProject(root)
