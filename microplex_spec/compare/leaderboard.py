"""A leaderboard of runs: each choice with its figures, mean and spread over seeds, Pareto front, what is seed noise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from .noise import beyond


@dataclass(frozen=True)
class Metric:
    """A figure of a run: how it is called, in which direction it is better, and how it is written."""

    name: str
    label: str
    higher: bool
    unit: str

    def better(self, a: float, b: float) -> bool:
        """Whether figure a is better than b; no figure is worse than any."""
        if math.isnan(a) or math.isnan(b):
            return math.isnan(b) and not math.isnan(a)
        return a > b if self.higher else a < b

    def told(self, mean: float, spread: float = math.nan) -> str:
        """A figure with its spread over seeds, in few letters; "" for none."""
        if math.isnan(mean):
            return ""
        scale, form, unit = _FORMS[self.unit]
        # A share below a hundredth shows no figure with one decimal.
        text = f"{mean * scale:.2f} %" if self.unit == "share" and abs(mean) < 0.01 else form.format(mean * scale)
        return text if math.isnan(spread) else f"{text} ± {spread * scale:.2g}{unit}"


# By unit: the factor, the form of a mean, and the unit of a spread. That of a share is in percentage points.
_FORMS = {
    "share": (100.0, "{:.1f} %", " pp"),
    "seconds": (1.0, "{:.0f} s", " s"),
    "moments": (1.0, "{:.2f} s", " s"),
    "bytes": (1e-9, "{:.2f} GB", " GB"),
    "number": (1.0, "{:.3f}", ""),
    "fine": (1.0, "{:.4f}", ""),
    "count": (1.0, "{:,.0f}", ""),
}

METRICS = {
    metric.name: metric
    for metric in (
        Metric("holdout", "held-out median error", False, "share"),
        Metric("fit", "fit within 10 %", True, "share"),
        Metric("fit_error", "fit median error", False, "share"),
        Metric("benchmarks", "mean benchmark error", False, "share"),
        Metric("ess_share", "effective sample size", True, "share"),
        Metric("ks", "median KS of the draws", False, "number"),
        Metric("zeros", "median error of zero shares", False, "share"),
        Metric("seconds", "seconds, built alone", False, "seconds"),
        Metric("peak", "peak memory", False, "bytes"),
    )
}
QUALITY = ("holdout", "benchmarks", "ess_share")
"""The metrics that the Pareto front is drawn over: what costs one of these must buy another."""


BENCHMARK = "benchmark."
"""Before the id of a benchmark: the metric that is the size of its error."""


def metrics_of(members: Iterable[Member]) -> dict[str, Metric]:
    """What the members can be sorted by: the metrics of all runs, then the error of each benchmark that one has."""
    names = dict.fromkeys(name for member in members for name in member.figures if name.startswith(BENCHMARK))
    return METRICS | {name: Metric(name, f"error of {name.removeprefix(BENCHMARK)}", False, "share") for name in names}


def shown_metrics(entries: Iterable[Entry], by: Metric) -> list[Metric]:
    """The metrics of all runs in their order, then the one sorted by, without those of which no entry has a figure."""
    entries = list(entries)
    metrics = dict.fromkeys([*METRICS.values(), by])
    return [metric for metric in metrics if not all(math.isnan(entry.mean[metric.name]) for entry in entries)]


@dataclass(frozen=True)
class Member:
    """One finished run: its folder as called, its seed, the choices that decide its figures, and these figures."""

    name: str
    seed: int
    choices: Mapping[str, str]
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Entry:
    """All runs of one set of choices, whatever their seeds. spread: standard deviation over them, NaN of one alone."""

    label: str
    members: tuple[Member, ...]
    mean: Mapping[str, float]
    spread: Mapping[str, float]
    pareto: bool = False
    noise: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "runs": [member.name for member in self.members],
            "seeds": [member.seed for member in self.members],
            "pareto": self.pareto,
            "within_noise_of_first": self.noise,
            "metrics": {
                name: {"mean": _figure(self.mean[name]), "spread": _figure(self.spread[name])} for name in self.mean
            },
        }


def repeats(members: Iterable[Member]) -> dict[str, str]:
    """By name the runs that repeat the choices and the seed of a later one, and that one: they tell of no scatter."""
    alike: dict[tuple[int, frozenset[tuple[str, str]]], list[str]] = {}
    for member in members:
        alike.setdefault((member.seed, frozenset(member.choices.items())), []).append(member.name)
    return {name: names[-1] for names in alike.values() for name in names[:-1]}


def leaderboard(members: Iterable[Member], sort: str = "holdout") -> list[Entry]:
    """Entries from the best to the worst by one metric, told apart by the choices in which they differ.

    Raises KeyError for a metric that there is not.
    """
    members = list(members)
    metrics = metrics_of(members)
    metric, varying = metrics[sort], _varying(members)
    groups: dict[tuple[str, ...], list[Member]] = {}
    for member in members:
        groups.setdefault(tuple(member.choices.get(name, "") for name in varying), []).append(member)
    entries = [_entry(varying, values, group, metrics) for values, group in groups.items()]
    missing = math.inf if not metric.higher else -math.inf
    entries.sort(key=lambda entry: _or(entry.mean[sort], missing), reverse=metric.higher)
    front = pareto_front([entry.mean for entry in entries])
    return [
        Entry(entry.label, entry.members, entry.mean, entry.spread, on_front, _within_noise(entries[0], entry, sort))
        for entry, on_front in zip(entries, front, strict=True)
    ]


def pareto_front(rows: Sequence[Mapping[str, float]], metrics: Sequence[str] = QUALITY) -> list[bool]:
    """Whether each row is beaten by no other: as good in every metric, and better in one."""

    def beats(a: Mapping[str, float], b: Mapping[str, float]) -> bool:
        worse = any(METRICS[name].better(b[name], a[name]) for name in metrics)
        return not worse and any(METRICS[name].better(a[name], b[name]) for name in metrics)

    return [not any(beats(other, row) for other in rows) for row in rows]


def _varying(members: Sequence[Member]) -> list[str]:
    """The choices in which members differ; of one group's that always differ together only the first, its name."""
    names = dict.fromkeys(name for member in members for name in member.choices)
    told: dict[tuple[str, *tuple[int, ...]], str] = {}
    for name in names:
        values = [member.choices.get(name, "") for member in members]
        if len(set(values)) > 1:
            told.setdefault((name.partition(".")[0], *map(values.index, values)), name)
    return list(told.values())


def _entry(varying: Sequence[str], values: Sequence[str], group: Sequence[Member], metrics: Iterable[str]) -> Entry:
    label = " ".join(f"{name}={value}" for name, value in zip(varying, values, strict=True)) or "the same choices"
    mean, spread = {}, {}
    for name in metrics:
        found = [member.figures[name] for member in group if not math.isnan(member.figures.get(name, math.nan))]
        mean[name] = fmean(found) if found else math.nan
        spread[name] = stdev(found) if len(found) > 1 else math.nan
    return Entry(label, tuple(group), mean, spread)


def _within_noise(best: Entry, entry: Entry, metric: str) -> bool:
    """Whether an entry differs from the best by no more than seeds do; unknown, so no, where either has one run."""
    if entry is best:
        return False
    spreads, runs = zip(*((side.spread[metric], len(side.members)) for side in (best, entry)), strict=True)
    if min(runs) < 2 or any(map(math.isnan, spreads)):
        return False
    return not beyond(best.mean[metric] - entry.mean[metric], spreads, runs)


def _or(value: float, other: float) -> float:
    return other if math.isnan(value) else value


def _figure(value: float) -> float | None:
    return value if math.isfinite(value) else None
