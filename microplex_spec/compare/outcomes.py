"""What moved between two runs: targets, benchmarks, weights and drawn values, with the edit that moved each."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

# Of the weights: what tells whether they got better or worse.
_WEIGHTS = ("ess_share", "min_ratio", "median_ratio", "max_ratio", "n_zero", "cap_hits_lower", "cap_hits_upper")
_DRAWN = ("drawn_zero", "drawn_negative", "drawn_positive", "drawn_mean", "ks_donor", "ks_truth")
ROUNDING = 1e-12
"""Relative moves below this are the order in which numbers were added."""
NOISE_FACTOR = 2.0
"""A move counts as more than seed noise from so many standard deviations over seeds."""

Causes = Callable[[str, str], Sequence[str]]
"""(kind, id of a target, benchmark or variable) -> the edits that can have moved it, the nearest first."""


def diff_outcomes(
    old: Path, new: Path, causes: Causes, noise: Mapping[str, Mapping[str, float]] | None = None
) -> dict[str, Any]:
    """Rows of targets and benchmarks by size of their move, imputed variables and weights that changed.

    old, new: run folders. noise: by table, the standard deviation over seeds of each row's relative error.
    """
    noise = noise or {}
    return {
        "targets": _moved(old, new, "targets.csv", "final", "rel_error_final", causes, noise),
        "benchmarks": _moved(old, new, "benchmarks.csv", "computed", "rel_error", causes, noise),
        "imputation": _drawn(old, new, causes),
        "weights": _weights(old, new),
    }


def error_columns(run: Path) -> dict[str, pd.Series]:
    """Relative errors of a run by table and id, for what they scatter by over seeds."""
    columns = {"targets": ("targets.csv", "rel_error_final"), "benchmarks": ("benchmarks.csv", "rel_error")}
    return {table: pd.read_csv(run / file, index_col="id")[column] for table, (file, column) in columns.items()}


def seed_noise(runs: Sequence[Path]) -> dict[str, dict[str, float]]:
    """Standard deviation over runs that differ by their seed alone, by table and id; nothing from fewer than two."""
    if len(runs) < 2:
        return {}
    found = [error_columns(run) for run in runs]
    spreads = {table: pd.concat([run[table] for run in found], axis=1).std(axis=1) for table in found[0]}
    return {table: {str(name): float(sd) for name, sd in spread.items()} for table, spread in spreads.items()}


def _moved(
    old: Path, new: Path, file: str, figure: str, error: str, causes: Causes, noise: Mapping[str, Mapping[str, float]]
) -> list[dict[str, Any]]:
    kind = file.removesuffix(".csv")
    columns = [figure, error, "value"]
    before, after = (pd.read_csv(run / file, index_col="id")[columns] for run in (old, new))
    both = before.merge(after, left_index=True, right_index=True, suffixes=("_old", "_new"))
    change = both[f"{error}_new"] - both[f"{error}_old"]
    relative = both[f"{figure}_new"] / both[f"{figure}_old"] - 1
    both["moved"] = pd.concat([change.abs(), relative.abs()], axis=1).max(axis=1)
    both = both[both["moved"] > ROUNDING].sort_values("moved", ascending=False, kind="stable")
    rows = []
    for row in both.reset_index().to_dict("records"):
        name = str(row["id"])
        spread, moved = noise.get(kind, {}).get(name), row[f"{error}_new"] - row[f"{error}_old"]
        rows.append(
            {
                "id": name,
                "old": row[f"{figure}_old"],
                "new": row[f"{figure}_new"],
                "error_old": row[f"{error}_old"],
                "error_new": row[f"{error}_new"],
                "error_change": moved,
                "moved": row["moved"],
                "edits": list(causes(kind.removesuffix("s"), name)),
                "beyond_noise": None if spread is None else bool(abs(moved) > NOISE_FACTOR * spread),
            }
        )
    return _plain(rows)


def _drawn(old: Path, new: Path, causes: Causes) -> list[dict[str, Any]]:
    before, after = (pd.read_csv(run / "imputation.csv", index_col="variable") for run in (old, new))
    rows = []
    for name in after.index.intersection(before.index):
        fields = [field for field in _DRAWN if field in after and field in before]
        changed = {
            field: [before.loc[name, field], after.loc[name, field]]
            for field in fields
            if _differ(before.loc[name, field], after.loc[name, field])
        }
        if changed:
            rows.append({"id": name, "changed": changed, "edits": list(causes("variable", str(name)))})
    return _plain(rows)


def _weights(old: Path, new: Path) -> dict[str, Any]:
    before, after = (json.loads((run / "weights.json").read_text(encoding="utf-8")) for run in (old, new))
    return {
        name: {"old": before[name], "new": after[name]}
        for name in _WEIGHTS
        if name in before and name in after and _differ(before[name], after[name])
    }


def _differ(old: float, new: float) -> bool:
    """Whether two figures differ by more than rounding; two that are no numbers are alike."""
    return not math.isclose(old, new, rel_tol=ROUNDING, abs_tol=0.0) and not (math.isnan(old) and math.isnan(new))


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of plain numbers, None for what is no figure: JSON knows no NaN and no infinity."""
    return [{key: _value(value) for key, value in row.items()} for row in rows]


def _value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _value(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_value(inner) for inner in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
