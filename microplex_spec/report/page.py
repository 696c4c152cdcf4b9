"""The page: records in, one self-contained HTML text out."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ..plan.explain import size
from . import figures, formats
from .data import Imputed, Run, Target
from .lineage import lineage_figure
from .sources import cite
from .steps import step_rows, totals
from .summary import CLOSE, headline, series, verdict
from .template import environment

# What needs a reader's eye comes first.
_CHECK_ORDER = {"failed": 0, "excepted": 1, "passed": 2}


def render(run: Run, name: str) -> str:
    """The report of a run. name: the run folder's, by which a reader finds it again."""
    made = environment()
    made.filters |= {
        "amount": formats.amount,
        "percent": formats.percent,
        "signed": formats.signed_percent,
        "round_percent": formats.round_percent,
        "whole": formats.whole,
        "decimal": formats.decimal,
        "duration": formats.duration,
        "size": size,
        "moment": moment,
        "off": lambda error: abs(error) > CLOSE,
        "known": lambda value: math.nan if value is None else value,
    }
    return made.get_template("page.html").render(name=name, run=run, manifest=run.manifest, **_parts(run))


def moment(text: str) -> str:
    """A time stamp as a person reads it; what is no ISO time stays as it is."""
    try:
        time = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return text
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def _parts(run: Run) -> dict[str, Any]:
    shown = sorted((t for t in run.targets if not t.left_out), key=_worst_first)
    left_out = sorted((t for t in run.targets if t.left_out), key=lambda t: (t.status, t.id))
    sources, citations = cite([*shown, *left_out])
    head = headline(run)
    groups = series(run.targets)
    histogram = run.weights.get("histogram") or {}
    benchmarks = sorted(run.benchmarks, key=lambda b: (b.in_sample, -_size(b.error)))
    return {
        "head": head,
        "verdict": verdict(run, head, groups),
        "steps": step_rows(run),
        "totals": totals(run),
        "shown": shown,
        "left_out": left_out,
        "series": groups,
        "sources": sources,
        "citations": citations,
        "roles": [role for role in ("fit", "holdout", "monitor") if any(t.role == role for t in shown)],
        "scatters": [figures.ratio_scatter(shown, when, when == "final") for when in ("initial", "final")]
        if shown
        else [],
        "curves": figures.error_curves(shown) if shown else None,
        "lineage": lineage_figure(run),
        "drawn": {each.variable: each for each in run.imputed},
        "regimes": _by_regime(run.imputed),
        "truth_known": any(math.isfinite(i.ks_truth) for i in run.imputed),
        "weights": run.weights,
        "held_out_tables": [
            (title, run.holdout[key])
            for title, key in (("Family of targets", "by_family"), ("Agency", "by_agency"))
            if any(row["held_out"] for row in run.holdout.get(key) or ())
        ],
        "weight_figure": figures.weight_histogram(histogram["edges"], histogram["shares"], run.weights.get("bounds"))
        if histogram.get("shares")
        else None,
        "benchmarks": benchmarks,
        "checks": sorted(run.checks, key=lambda c: (_CHECK_ORDER[c.status], c.severity, c.id)),
        "benchmark_figure": figures.benchmark_dots(benchmarks) if benchmarks else None,
    }


def _by_regime(imputed: Iterable[Imputed]) -> dict[str, list[tuple[Imputed, Any]]]:
    groups: dict[str, list[tuple[Imputed, Any]]] = {}
    for each in sorted(imputed, key=lambda i: i.regime):
        drawing = figures.distribution(each, each.histogram) if each.histogram else None
        groups.setdefault(each.regime, []).append((each, drawing))
    return groups


def _worst_first(target: Target) -> tuple[float, str]:
    return (-_size(target.error_final), target.id)


def _size(error: float) -> float:
    """The absolute error; an unknown one counts as none."""
    return abs(error) if math.isfinite(error) else -1.0
