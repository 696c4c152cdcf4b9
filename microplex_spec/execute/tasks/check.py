"""check: the run's tables held against the spec's checks; checks.csv, and the rows for the manifest."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...evaluate.checks import COLUMNS, Figures, judge
from ..run_tables import weighted_column
from ..task import Task
from .shared import write_csv


def run(task: Task) -> dict[str, Any]:
    meta = task.step.meta
    manifest = json.loads((task.run / "manifest.json").read_text(encoding="utf-8"))
    figures = _figures(task, manifest)
    began = datetime.fromisoformat(manifest["started"]).date()
    by_id = {check["id"]: check for check in task.step.params["checks"]}
    checks = [{**by_id[name], "reason": reason} for name, reason in meta["reasons"].items()]
    rows = [judge(check, figures, began) for check in checks]
    write_csv(pd.DataFrame(rows, columns=list(COLUMNS)), task.out / "checks.csv")
    return {"checks": rows}


def _figures(task: Task, manifest: dict[str, Any]) -> Figures:
    """What the evaluation left in the run folder, and its headline, which the manifest holds by now."""
    (headline,) = (s["record"]["headline"] for s in manifest["steps"] if s["id"].startswith("evaluate:"))
    weights = json.loads((task.run / "weights.json").read_text(encoding="utf-8"))
    scalars = {
        name: value
        for name, value in {**weights, **headline}.items()
        if value is None or isinstance(value, int | float)
    }
    tables = {name: pd.read_csv(task.run / f"{name}.csv") for name in ("targets", "benchmarks", "imputation")}

    @cache
    def weighted(baseline: str, variable: str) -> tuple[np.ndarray, np.ndarray]:
        folder = Path(task.step.meta["root"]) / baseline if baseline else task.run
        return weighted_column(folder, task.step.meta["entities"][variable], variable)

    return Figures(metrics=scalars, **tables, weighted=weighted)
