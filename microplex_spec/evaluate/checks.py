"""Judging a finished file by declared checks: each passes, fails, or fails with an exception that is still good."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pandas as pd

from .distribution import weighted_ks

PASSED, FAILED, EXCEPTED = "passed", "failed", "excepted"
COLUMNS = ("id", "kind", "severity", "status", "measured", "limit", "found", "reason", "owner", "expires")

# Of a check of weights: the figure that each limit is for, and whether it is a least value.
_WEIGHTS = {
    "max_ratio": ("max_ratio", False),
    "min_ratio": ("min_ratio", True),
    "max_share_at_caps": ("share_at_caps", False),
    "max_zero_share": ("zero_share", False),
    "max_largest_percent_share": ("largest_percent_share", False),
}
_STATUSES = {"fit": "fitted", "holdout": "holdout", "monitor": "monitor"}
MOST_NAMED = 3
ROUNDING = 1e-9
"""By so much, relatively, a figure may pass a limit: a solver's own bounds are met to the last digits only."""


@dataclass(frozen=True)
class Figures:
    """What a run is judged by: figures by name (None: the run has none), its tables, and weighted columns of runs.

    targets, benchmarks, imputation: as the CSV files hold them. weighted: (baseline or "", variable) -> values and
    weights, both (n,); "" stands for the run itself; ValueError where there are none.
    """

    metrics: Mapping[str, float | None]
    targets: pd.DataFrame
    benchmarks: pd.DataFrame
    imputation: pd.DataFrame
    weighted: Callable[[str, str], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class _Finding:
    """measured: the figure furthest from its limit. found: in words. excepted: nothing was left to judge."""

    ok: bool
    measured: float | None
    limit: str
    found: str
    excepted: bool = False


def judge(check: Mapping[str, Any], figures: Figures, today: date) -> dict[str, Any]:
    """The row of checks.csv of one check (a plain record of checks.yaml with its kind): `COLUMNS`.

    today: the day on which the run began, UTC; an exception is good until the end of its last day. What cannot be
    judged, because the run has no such figure, has failed.
    """
    exceptions = check.get("exceptions", ())
    good = [each for each in exceptions if date.fromisoformat(each["expires"]) >= today]
    finding = _JUDGES[check["kind"]]({**check, "exceptions": good}, figures)
    whole = next((each for each in good if not each.get("targets")), None)
    part = next((each for each in good if each.get("targets")), None)
    status = PASSED if finding.ok else EXCEPTED if whole or finding.excepted else FAILED
    found, named = finding.found, (whole or part) if status == EXCEPTED else part
    over = [f"the exception of {e['owner']} ended on {e['expires']}" for e in exceptions if e not in good]
    if status == FAILED and over:
        found = "; ".join([found, *over])
    return {
        **{name: check[name] for name in ("id", "kind", "severity")},
        "status": status,
        "measured": finding.measured,
        "limit": finding.limit,
        "found": found,
        "reason": check.get("reason", ""),
        "owner": named["owner"] if named else "",
        "expires": named["expires"] if named else "",
    }


def _metric(check: Mapping[str, Any], figures: Figures) -> _Finding:
    name, variable = check["metric"], check.get("variable")
    if variable is None:
        return _between(check, name, figures.metrics.get(name))
    row = figures.imputation[figures.imputation["variable"] == variable]
    value = float(row[name].iloc[0]) if len(row) and name in row else None
    return _between(check, f"{name} of {variable}", value)


def _targets(check: Mapping[str, Any], figures: Figures) -> _Finding:
    rows, chosen, within = figures.targets, check["targets"], check.get("within")
    role = chosen.get("role", "fit")
    rows = rows[(rows["role"] == role) & (rows["status"] == _STATUSES[role])]
    for name in ("family", "agency"):
        if name in chosen:
            rows = rows[rows[name] == chosen[name]]
    if chosen.get("ids"):
        rows = rows[_any_of(rows["id"], chosen["ids"])]
    excepted = _any_of(rows["id"], [glob for each in check["exceptions"] for glob in each.get("targets", ())])
    rows = rows[~excepted]
    aside = f", {int(excepted.sum())} excepted" if excepted.any() else ""
    errors = rows[f"rel_error_{check.get('error', 'final')}"].abs()
    known = errors.notna()
    limits = rows["tolerance"] if within is None else within
    inside, wanted = errors <= limits, check.get("share_at_least", 1.0)
    band = "their tolerance" if within is None else f"{within:.3g}"
    limit = f"at least {wanted:.3g} within {band}"
    if excepted.any() and rows.empty:
        return _Finding(False, None, limit, f"all {int(excepted.sum())} targets are excepted", excepted=True)
    if not known.any():
        return _Finding(False, None, limit, f"no such target was {_STATUSES[role]} with an error that is known{aside}")
    share = float(inside[known].mean())
    worst = rows[known & ~inside].assign(size=errors).sort_values("size", ascending=False)
    named = [f"{row.id} {row.size:.1%} off" for row in worst.head(MOST_NAMED).itertuples()]
    found = f"{int(inside[known].sum())} of {int(known.sum())} within {band}{aside}"
    return _Finding(share >= wanted, share, limit, "; ".join([found, *named] if share < wanted else [found]))


def _weights(check: Mapping[str, Any], figures: Figures) -> _Finding:
    n, zeros = figures.metrics.get("n"), figures.metrics.get("n_zero")
    held = {**figures.metrics, "zero_share": zeros / n if n and zeros is not None else None}
    found = []
    for name, limit in check["weights"].items():
        figure, least = _WEIGHTS[name]
        found.append(_between({"min" if least else "max": limit}, figure, held.get(figure)))
    return _together(found)


def _benchmark(check: Mapping[str, Any], figures: Figures) -> _Finding:
    name, rows = check["benchmark"], figures.benchmarks
    row = rows[rows["id"] == name]
    error = float(row["rel_error"].iloc[0]) if len(row) else None
    found = []
    if "max_error" in check:
        size = None if error is None else abs(error)
        told = f"error of {name}"
        found.append(_between({"max": check["max_error"]}, told, size))
    if "min" in check or "max" in check:
        found.append(_between(check, name, float(row["computed"].iloc[0]) if len(row) else None))
    return _together(found)


def _baseline(check: Mapping[str, Any], figures: Figures) -> _Finding:
    name, run = check["variable"], check["baseline"]
    try:
        (now, now_weights), (then, then_weights) = (figures.weighted(which, name) for which in ("", run))
    except ValueError as error:
        return _Finding(False, None, "", str(error))
    found = []
    if "max_ks" in check:
        distance = weighted_ks(now, now_weights, then, then_weights)
        found.append(_between({"max": check["max_ks"]}, f"KS of {name}", distance))
    if "max_mean_change" in check:
        old, new = (float(np.average(v, weights=w)) for v, w in ((then, then_weights), (now, now_weights)))
        change = abs(new / old - 1) if old else (0.0 if new == old else None)
        told = f"change of the mean of {name}"
        found.append(_between({"max": check["max_mean_change"]}, told, change))
    if "max_zero_change" in check:
        old, new = (float(w[v == 0].sum() / w.sum()) for v, w in ((then, then_weights), (now, now_weights)))
        told = f"change of the share of zeros of {name}"
        found.append(_between({"max": check["max_zero_change"]}, told, abs(new - old)))
    return _together(found)


_JUDGES: dict[str, Callable[[Mapping[str, Any], Figures], _Finding]] = {
    "metric": _metric,
    "targets": _targets,
    "weights": _weights,
    "benchmark": _benchmark,
    "baseline": _baseline,
}


def _between(limits: Mapping[str, Any], name: str, value: float | None) -> _Finding:
    """Whether a figure lies within `min` and `max`, those of the two that are given."""
    low, high = limits.get("min"), limits.get("max")
    words = [f"at least {low:.4g}" if low is not None else "", f"at most {high:.4g}" if high is not None else ""]
    limit = " and ".join(filter(None, words))
    if value is None or not np.isfinite(value):
        return _Finding(False, None, f"{name} {limit}", f"the run has no {name}")
    above = low is None or value >= low - ROUNDING * abs(low)
    below = high is None or value <= high + ROUNDING * abs(high)
    return _Finding(above and below, float(value), f"{name} {limit}", f"{name} is {value:.4g}")


def _together(findings: list[_Finding]) -> _Finding:
    """Several limits of one check: all must hold; the first that does not is the one that is measured."""
    failed = [finding for finding in findings if not finding.ok]
    first = (failed or findings)[0]
    limit = "; ".join(finding.limit for finding in findings)
    return _Finding(not failed, first.measured, limit, "; ".join(f.found for f in failed or findings))


def _any_of(names: pd.Series, globs: list[str]) -> pd.Series:
    """(n,) whether each name matches one of the globs."""
    return names.map(lambda name: any(fnmatchcase(name, glob) for glob in globs)).astype(bool)
