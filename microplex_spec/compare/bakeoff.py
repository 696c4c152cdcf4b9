"""Bakeoffs: figures of methods and gates with their spread over seeds, rare cells, losses, winners of variables."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from .leaderboard import Metric
from .noise import beyond

type Line = Mapping[str, Any]

METRICS = {
    metric.name: metric
    for metric in (
        Metric("coverage", "coverage", True, "number"),
        Metric("density", "density", True, "number"),
        Metric("precision", "precision", True, "number"),
        Metric("recall", "recall", True, "number"),
        Metric("latent_coverage", "latent coverage", True, "number"),
        Metric("crps", "CRPS (log)", False, "fine"),
        Metric("ks", "KS", False, "fine"),
        Metric("zero_rate_mae", "zero-rate MAE", False, "fine"),
        Metric("spearman_distance", "Spearman distance", False, "fine"),
        Metric("band_violations", "in the band", False, "count"),
        Metric("calibration_error_before", "median target error", False, "share"),
        Metric("calibration_error", "after calibration", False, "share"),
        Metric("calibration_ess", "effective sample", True, "share"),
        Metric("fit_seconds", "fit", False, "seconds"),
        Metric("draw_seconds", "draw", False, "moments"),
        Metric("peak_bytes", "peak memory", False, "bytes"),
    )
}
GATE_METRICS = {
    metric.name: metric
    for metric in (
        Metric("log_loss", "log loss", False, "fine"),
        Metric("brier", "Brier", False, "fine"),
        Metric("ece", "ECE", False, "fine"),
        Metric("auc", "AUC", True, "fine"),
        Metric("fit_seconds", "fit", False, "moments"),
        Metric("draw_seconds", "draw", False, "moments"),
    )
}


@dataclass(frozen=True)
class Standing:
    """One method, reference or gate at one scale, over its seeds. spread: standard deviation, NaN of one seed."""

    scale: int
    kind: str
    name: str
    seeds: tuple[int, ...]
    mean: Mapping[str, float]
    spread: Mapping[str, float]
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pooled:
    """A quantity of synthetic rows over that of real rows, both summed over seeds: 1 is best."""

    scale: int
    name: str
    real: float
    ratios: Mapping[str, float]


@dataclass(frozen=True)
class Winner:
    """The method with the lowest CRPS for one variable, and the next. beyond_noise: by more than seeds make differ."""

    variable: str
    regime: str
    method: str
    imputer: str
    params: Mapping[str, Any]
    score: float
    spread: float
    runner_up: str | None
    runner_up_score: float
    beyond_noise: bool

    def to_json(self) -> dict[str, Any]:
        second = {"method": self.runner_up, "score": self.runner_up_score} if self.runner_up else None
        return {
            "method": self.method,
            "imputer": self.imputer,
            "params": dict(self.params),
            "regime": self.regime,
            "score": self.score,
            "spread": None if math.isnan(self.spread) else self.spread,
            "runner_up": second,
            "beyond_seed_noise": self.beyond_noise,
        }


def standings(lines: Iterable[Line], kinds: Sequence[str], by: str) -> list[Standing]:
    """Those of the kinds at each scale, smallest scale first, from the best to the worst in the metric `by`."""
    metrics = GATE_METRICS if "gate" in kinds else METRICS
    groups: dict[tuple[int, str, str], list[Line]] = defaultdict(list)
    for line in lines:
        if line["kind"] in kinds:
            groups[line["scale"], line["kind"], line["name"]].append(line)
    found = [_standing(*key, group, metrics) for key, group in groups.items()]
    sign = -1.0 if metrics[by].higher else 1.0

    def rank(standing: Standing) -> tuple[float, float]:
        value = standing.mean[by]
        return standing.scale, math.inf if math.isnan(value) else sign * value

    return sorted(found, key=rank)


def cell_ratios(lines: Iterable[Line]) -> list[Pooled]:
    """How common each rare cell is among synthetic rows over real ones, by method. real: its rows in all test sets."""
    return _pooled(
        (line["scale"], cell["name"], line["name"], cell["share_drawn"], cell["share_real"], cell["rows_real"])
        for line in _done(lines, "method", "reference")
        for cell in line["rare_cells"]
    )


def loss_ratios(lines: Iterable[Line], what: str) -> list[Pooled]:
    """Losses of each column whose test rows have any. what: loss_share or loss_mean; real: its sum over seeds."""
    rows = [(line, row) for line in _done(lines, "method", "reference") for row in line["variables"]]
    losing = {(line["scale"], row["variable"]) for line, row in rows if row["loss_share_real"] > 0}
    return _pooled(
        (line["scale"], row["variable"], line["name"], row[f"{what}_drawn"], row[f"{what}_real"], row[f"{what}_real"])
        for line, row in rows
        if (line["scale"], row["variable"]) in losing
    )


def winners(lines: Iterable[Line]) -> tuple[int, tuple[int, ...], list[Winner]]:
    """The largest scale at which methods were tried, its seeds, and the winner of each variable there.

    Only methods that were done with every seed compete. Two of them differ beyond seed noise where their differences,
    seed by seed on the same rows, have a mean beyond Student's t at 95 %; unknown, so no, of one seed.
    """
    done = list(_done(lines, "method"))
    if not done:
        return 0, (), []
    scale = max(line["scale"] for line in done)
    done = [line for line in done if line["scale"] == scale]
    seeds = tuple(sorted({line["seed"] for line in done}))
    by_method: dict[str, dict[int, Line]] = defaultdict(dict)
    for line in done:
        by_method[line["name"]][line["seed"]] = line
    complete = {name: found for name, found in by_method.items() if len(found) == len(seeds)}
    if not complete:
        return scale, seeds, []
    variables = [row["variable"] for row in next(iter(complete.values()))[seeds[0]]["variables"]]
    return scale, seeds, [_winner(variable, complete, seeds) for variable in variables]


def column_rows(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """One row a method, scale, seed and column, as they stand in the results."""
    return [
        {"scale": line["scale"], "seed": line["seed"], "method": line["name"], **row}
        for line in _done(lines, "method", "reference")
        for row in line["variables"]
    ]


def gate_rows(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """One row a gate, scale, seed and column."""
    return [
        {"scale": line["scale"], "seed": line["seed"], "gate": line["name"], **row}
        for line in _done(lines, "gate")
        for row in line["variables"]
    ]


def _done(lines: Iterable[Line], *kinds: str) -> Iterable[Line]:
    return (line for line in lines if line["kind"] in kinds and line["status"] == "done")


def _standing(scale: int, kind: str, name: str, group: Sequence[Line], metrics: Mapping[str, Metric]) -> Standing:
    done = [line for line in group if line["status"] == "done"]
    figures = [_figures(line, metrics) for line in done]
    mean, spread = {}, {}
    for metric in metrics:
        found = [row[metric] for row in figures if not math.isnan(row[metric])]
        mean[metric] = fmean(found) if found else math.nan
        spread[metric] = stdev(found) if len(found) > 1 else math.nan
    errors = tuple(dict.fromkeys(line["error"] for line in group if line["status"] == "failed"))
    return Standing(scale, kind, name, tuple(line["seed"] for line in done), mean, spread, errors)


def _figures(line: Line, metrics: Mapping[str, Metric]) -> dict[str, float]:
    """The figures of one line; those that only columns have are means over them."""
    own = {**line.get("scores", {}), **line.get("cost", {})}
    columns = line["variables"]
    return {name: _number(own[name]) if name in own else _mean(row.get(name) for row in columns) for name in metrics}


def _mean(values: Iterable[Any]) -> float:
    found = [float(value) for value in values if value is not None]
    return fmean(found) if found else math.nan


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _pooled(parts: Iterable[tuple[int, str, str, float, float, float]]) -> list[Pooled]:
    """parts: scale, what, method, drawn and real share, and the real figure that is told."""
    drawn: dict[tuple[int, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0, 0.0]))
    for scale, name, method, made, real, told in parts:
        sums = drawn[scale, name][method]
        for index, value in enumerate((made, real, told)):
            sums[index] += value
    found = []
    for (scale, name), methods in drawn.items():
        ratios = {method: made / real if real else math.nan for method, (made, real, _) in methods.items()}
        found.append(Pooled(scale, name, max(told for _, _, told in methods.values()), ratios))
    return found


def _winner(variable: str, methods: Mapping[str, Mapping[int, Line]], seeds: Sequence[int]) -> Winner:
    def row(name: str, seed: int) -> Mapping[str, Any]:
        return next(row for row in methods[name][seed]["variables"] if row["variable"] == variable)

    scores = {name: [row(name, seed)["crps"] for seed in seeds] for name in methods}
    seconds = {name: sum(row(name, seed)["fit_seconds"] for seed in seeds) for name in methods}
    # Of equals the quicker one.
    first, *others = sorted(scores, key=lambda name: (fmean(scores[name]), seconds[name]))
    line = methods[first][seeds[0]]
    second = others[0] if others else None
    return Winner(
        variable=variable,
        regime=row(first, seeds[0])["regime"],
        method=first,
        imputer=line["imputer"],
        params=line["params"],
        score=fmean(scores[first]),
        spread=stdev(scores[first]) if len(seeds) > 1 else math.nan,
        runner_up=second,
        runner_up_score=fmean(scores[second]) if second else math.nan,
        beyond_noise=second is not None and _apart(scores[first], scores[second]),
    )


def _apart(first: Sequence[float], second: Sequence[float]) -> bool:
    differences = [b - a for a, b in zip(first, second, strict=True)]
    if len(differences) < 2:
        return False
    return beyond(fmean(differences), [stdev(differences)], [len(differences)])
