"""What moved between two runs: checks, targets, benchmarks, weights and draws, with the edits that moved them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..plan.run_files import read_manifest, read_object, reading
from .attribution import Attribution
from .noise import margin_of_runs

# Of the weights: what tells whether they got better or worse.
_WEIGHTS = ("ess_share", "min_ratio", "median_ratio", "max_ratio", "n_zero", "cap_hits_lower", "cap_hits_upper")
_DRAWN = ("drawn_zero", "drawn_negative", "drawn_positive", "drawn_mean", "ks_donor", "ks_truth")
# By table: its file, its key, and the figures that are compared.
_TABLES = {
    "targets": ("targets.csv", "id", ("final", "rel_error_final", "value")),
    "benchmarks": ("benchmarks.csv", "id", ("computed", "rel_error", "value")),
    "imputation": ("imputation.csv", "variable", _DRAWN),
}
_ERRORS = {"targets": "rel_error_final", "benchmarks": "rel_error"}
ROUNDING = 1e-12
"""Relative moves below this are the order in which numbers were added."""

Shift = Callable[[str], float | None]
"""Variable -> the KS distance of its draws in two runs; None where it is not known."""


@dataclass(frozen=True)
class Scatter:
    """How figures scatter over runs that differ by their seed alone.

    spreads: standard deviation by table, row and figure; weights are the row "" of the table "weights".
    """

    seeds: int = 0
    spreads: Mapping[tuple[str, str, str], float] = field(default_factory=dict)

    def beyond(self, table: str, row: str, moves: Mapping[str, float]) -> list[str] | None:
        """The figures of one row that moved by more than seeds would move any of them, the furthest first.

        moves: by figure the difference of two runs. None where there is no scatter to tell by.
        """
        spreads = {figure: self.spreads.get((table, row, figure), math.nan) for figure in moves}
        known = [figure for figure in moves if not math.isnan(spreads[figure]) and not math.isnan(moves[figure])]
        if self.seeds < 2 or not known:
            return None
        margins = {figure: margin_of_runs(spreads[figure], self.seeds, len(known)) for figure in known}
        found = [figure for figure in known if abs(moves[figure]) > margins[figure]]
        return sorted(found, key=lambda figure: margins[figure] / abs(moves[figure]))


NO_SCATTER = Scatter()


def diff_outcomes(
    old: Path, new: Path, causes: Attribution, shift: Shift, scatter: Scatter = NO_SCATTER
) -> dict[str, list[dict[str, Any]] | dict[str, Any]]:
    """Headline figures, checks, targets, benchmarks, imputed variables and weights that moved.

    Targets and benchmarks that only one run has are among them. They stand with the edited first, then by the change
    of their error; draws by their distance.

    old, new: run folders. SpecError where a file of them is damaged.
    """
    return {
        "headline": _headline(old, new),
        "checks": _checks(old, new, causes),
        **{table: _moved(old, new, table, causes, scatter) for table in ("targets", "benchmarks")},
        "imputation": _drawn(old, new, causes, shift, scatter),
        "weights": _weights(old, new, scatter),
    }


def seed_scatter(runs: Sequence[Path]) -> Scatter:
    """The scatter over runs that differ by their seed alone; none from fewer than two."""
    if len(runs) < 2:
        return NO_SCATTER
    spreads: dict[tuple[str, str, str], float] = {}
    for table, (_, _, figures) in _TABLES.items():
        stacked = pd.concat([read_table(run, table) for run in runs])
        found = stacked.groupby(level=0)[[name for name in figures if name in stacked]].std()
        for figure, column in found.to_dict().items():
            spreads |= {(table, str(row), str(figure)): float(sd) for row, sd in column.items()}
    weights = pd.DataFrame([{k: read_object(run / "weights.json").get(k) for k in _WEIGHTS} for run in runs])
    spreads |= {("weights", "", str(name)): float(sd) for name, sd in weights.astype(float).std().items()}
    return Scatter(len(runs), spreads)


def read_table(run: Path, table: str) -> pd.DataFrame:
    """A table of a run by its key; SpecError where it is damaged: a row twice, a figure that is no number."""
    file, key, figures = _TABLES[table]
    with reading(run / file):
        rows = pd.read_csv(run / file, index_col=key)
        if not rows.index.is_unique:
            raise ValueError(f"{rows.index[rows.index.duplicated()][0]} stands in it twice")
        # KS of the truth is there only where some truth is known.
        wanted = [name for name in figures if name in rows or table in _ERRORS]
        return rows[wanted].apply(pd.to_numeric)


def _headline(old: Path, new: Path) -> dict[str, Any]:
    """The figures that sum up a run, where they differ."""
    before, after = (read_manifest(run)["headline"] for run in (old, new))
    found = {}
    for name in before.keys() & after.keys() - {"benchmarks"}:
        was, now = (math.nan if figures[name] is None else float(figures[name]) for figures in (before, after))
        if _differ(was, now):
            found[name] = {"old": before[name], "new": after[name]}
    return dict(sorted(found.items()))


def _checks(old: Path, new: Path, causes: Attribution) -> list[dict[str, Any]]:
    """Checks whose status is another; None is the status of one that a run did not have."""
    sides: list[dict[str, Any]] = []
    for run in (old, new):
        with reading(run / "manifest.json"):
            sides.append({row["id"]: row for row in read_manifest(run).get("checks", ())})
    before, after = sides
    was = causes.renamed("check")
    gone = [name for name in before if name not in after and name not in was.values()]
    rows = []
    for name in (*after, *gone):
        earlier, now = before.get(was.get(name, name), {}), after.get(name, {})
        if earlier.get("status") != now.get("status"):
            row = now or earlier
            told = {"id": name, "severity": row["severity"], "old": earlier.get("status"), "new": now.get("status")}
            rows.append({**told, "found": row["found"], "edits": list(causes.of("check", name))})
    return rows


def _moved(old: Path, new: Path, table: str, causes: Attribution, scatter: Scatter) -> list[dict[str, Any]]:
    figure, error, _ = _TABLES[table][2]
    kind = table.removesuffix("s")
    was = causes.renamed(kind)
    before, after = (read_table(run, table) for run in (old, new))
    before = before.rename(index={name: renamed for renamed, name in was.items()})
    both = before.merge(after, how="outer", left_index=True, right_index=True, suffixes=("_old", "_new"))
    one_sided = ~(both.index.isin(before.index) & both.index.isin(after.index))
    change = both[f"{error}_new"] - both[f"{error}_old"]
    relative = both[f"{figure}_new"] / both[f"{figure}_old"] - 1
    both = both[one_sided | (change.abs() > ROUNDING) | (relative.abs() > ROUNDING)]
    rows = []
    for row in both.reset_index(names="id").to_dict("records"):
        name, moved = str(row["id"]), float(row[f"{error}_new"] - row[f"{error}_old"])
        rows.append(
            {
                "id": name,
                "change": "added" if name not in before.index else "moved" if name in after.index else "removed",
                "was": was.get(name),
                "old": row[f"{figure}_old"],
                "new": row[f"{figure}_new"],
                "error_old": row[f"{error}_old"],
                "error_new": row[f"{error}_new"],
                "error_change": moved,
                "edited": bool(causes.own(kind, name)),
                "edits": list(causes.of(kind, name)),
                "beyond_noise": _any(scatter.beyond(table, name, {error: moved})),
            }
        )
    rows.sort(key=lambda row: (not row["edited"], -_size(row["error_change"])))
    return _plain(rows)


def _drawn(old: Path, new: Path, causes: Attribution, shift: Shift, scatter: Scatter) -> list[dict[str, Any]]:
    before, after = (read_table(run, "imputation") for run in (old, new))
    rows: list[dict[str, Any]] = []
    for name in after.index.intersection(before.index):
        changed = {
            figure: [before.loc[name, figure], after.loc[name, figure]]
            for figure in after.columns.intersection(before.columns)
            if _differ(before.loc[name, figure], after.loc[name, figure])
        }
        if changed:
            moves = {figure: now - was for figure, (was, now) in changed.items()}
            beyond = scatter.beyond("imputation", str(name), moves)
            rows.append(
                {
                    "id": str(name),
                    "shift": shift(str(name)),
                    "changed": changed,
                    "edits": list(causes.of("variable", str(name))),
                    "beyond_noise": _any(beyond),
                    "figures_beyond": beyond or [],
                }
            )
    rows.sort(key=lambda row: -_size(row["shift"]))
    return _plain(rows)


def _weights(old: Path, new: Path, scatter: Scatter) -> dict[str, Any]:
    before, after = (read_object(run / "weights.json") for run in (old, new))
    with reading(new / "weights.json"):
        return {
            name: {
                "old": before[name],
                "new": after[name],
                "beyond_noise": _any(scatter.beyond("weights", "", {name: after[name] - before[name]})),
            }
            for name in _WEIGHTS
            if name in before and name in after and _differ(before[name], after[name])
        }


def _any(beyond: Sequence[str] | None) -> bool | None:
    return None if beyond is None else bool(beyond)


def _size(figure: float | None) -> float:
    """Of a move; one that is not known comes last."""
    return -1.0 if figure is None or math.isnan(figure) else abs(figure)


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
