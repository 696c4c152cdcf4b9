"""check: the run's tables held against the spec's checks; checks.csv, and the rows for the manifest."""

from __future__ import annotations

import json
import math
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from ...evaluate.checks import COLUMNS, Figures, judge
from ..task import Task
from .shared import write_csv


def run(task: Task) -> dict[str, Any]:
    meta = task.step.meta
    manifest = json.loads((task.run / "manifest.json").read_text(encoding="utf-8"))
    figures = _figures(task, manifest)
    began = datetime.fromisoformat(manifest["started"]).date()
    checks = [{**check, "reason": meta["reasons"][check["id"]]} for check in task.step.params["checks"]]
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


def weighted_column(run: Path, entity: str, variable: str) -> tuple[np.ndarray, np.ndarray]:
    """(n,) values of a variable in a run's tables, and (n,) calibrated weights of their rows.

    Raises ValueError where the run has no such table or column.
    """
    path = run / "tables" / f"{entity}.parquet"
    held = pq.read_schema(path).names if path.is_file() else []
    if variable not in held:
        raise ValueError(f"{run.name} has no {variable} of {entity} in its tables")
    if "weight" in held:
        rows = pd.read_parquet(path, columns=[variable, "weight"])
    else:
        # The root's is the one table with weights, and its key stands in every other one.
        root = next(p for p in sorted(path.parent.glob("*.parquet")) if "weight" in pq.read_schema(p).names)
        key = f"{root.stem}_id"
        weights = pd.read_parquet(root, columns=[key, "weight"])
        rows = pd.read_parquet(path, columns=[key, variable]).merge(weights, on=key, validate="many_to_one")
    values, weights_ = (rows[name].to_numpy(dtype=np.float64) for name in (variable, "weight"))
    known = ~np.isnan(values)
    if not math.fsum(weights_[known]) > 0:
        raise ValueError(f"{run.name} has no weighted values of {variable}")
    return values[known], weights_[known]
