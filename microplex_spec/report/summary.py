"""The page's headline: the figures that sum a run up, and the sentences that say them plainly."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from .data import NAN, Benchmark, Run, Target
from .formats import percent, whole

CLOSE = 0.1


@dataclass(frozen=True)
class Headline:
    """A run in figures. Shares and errors as fractions, NaN where the run has no such thing."""

    fitted: int
    fitted_close: float
    fitted_close_before: float
    fitted_median: float
    held_out: int
    held_out_median: float
    held_out_median_before: float
    left_out: int
    ess_share: float
    worst_in_sample: Benchmark | None
    worst_out_of_sample: Benchmark | None


@dataclass(frozen=True)
class Series:
    """The targets of one series, say one income concept by income band, summed up."""

    name: str
    targets: int
    held_out: int
    close_before: float
    close: float
    median: float
    worst: Target


def headline(run: Run) -> Headline:
    """Fit over supported fit targets, error out of sample, weights, and the worst benchmark of each sample."""
    fitted = [t for t in run.targets if t.role == "fit" and not t.left_out]
    held_out = [t for t in run.targets if not t.left_out and math.isfinite(t.error_out_of_sample)]
    return Headline(
        fitted=len(fitted),
        fitted_close=share_close(t.error_final for t in fitted),
        fitted_close_before=share_close(t.error_initial for t in fitted),
        fitted_median=median_error(t.error_final for t in fitted),
        held_out=len(held_out),
        held_out_median=median_error(t.error_out_of_sample for t in held_out),
        held_out_median_before=median_error(t.error_initial for t in held_out),
        left_out=sum(t.left_out for t in run.targets),
        ess_share=run.weights.get("ess_share", NAN),
        worst_in_sample=_worst(b for b in run.benchmarks if b.in_sample),
        worst_out_of_sample=_worst(b for b in run.benchmarks if not b.in_sample),
    )


def series(targets: Iterable[Target]) -> list[Series]:
    """Fitted and held-out targets by series, the worst series first."""
    groups: dict[str, list[Target]] = {}
    for target in targets:
        if target.role in ("fit", "holdout") and math.isfinite(target.error_final):
            groups.setdefault(target.series, []).append(target)
    found = [
        Series(
            name=name,
            targets=len(group),
            held_out=sum(t.status == "holdout" for t in group),
            close_before=share_close(t.error_initial for t in group),
            close=share_close(t.error_final for t in group),
            median=median_error(t.error_final for t in group),
            worst=max(group, key=lambda t: abs(t.error_final)),
        )
        for name, group in groups.items()
    ]
    return sorted(found, key=lambda s: (s.close, -s.median, s.name))


def verdict(run: Run, head: Headline, groups: Sequence[Series]) -> list[str]:
    """What was built, how well it fits, where it does not: a few plain sentences."""
    said = _built(run, head) + _checks(run)
    if head.fitted:
        said.append(
            f"After calibration {percent(head.fitted_close)} of {whole(head.fitted)} fitted targets lie within "
            f"10 % of the published figure, against {percent(head.fitted_close_before)} before; their median error is "
            f"{percent(head.fitted_median)}."
        )
    if head.held_out:
        said.append(
            f"On {_counted(head.held_out, 'target', 'targets')} held out, which the weights that are judged by them "
            f"never saw, the median error is {percent(head.held_out_median)}, against "
            f"{percent(head.held_out_median_before)} before. This is the honest measure of fit."
        )
    if head.left_out:
        said.append(
            f"{_counted(head.left_out, 'target was', 'targets were')} left out of calibration; "
            "the tables below say why."
        )
    said += _weights(run)
    far = [group for group in groups if group.targets >= 3 and group.close < 0.9][:3]
    if far:
        named = ", ".join(f"{g.name} ({round(g.close * g.targets)} of {g.targets} within 10 %)" for g in far)
        said.append(f"The series furthest from what was published: {named}.")
    worst = head.worst_out_of_sample
    if worst:
        said.append(
            f"Of the benchmarks that were not fitted, {worst.id} is furthest off: {percent(abs(worst.error))} "
            f"{'above' if worst.error > 0 else 'below'} the published total."
        )
    return said


def share_close(errors: Iterable[float]) -> float:
    """Share of errors within 10 percent; an unknown error is not within."""
    sizes = [abs(error) for error in errors]
    return sum(size <= CLOSE for size in sizes) / len(sizes) if sizes else NAN


def median_error(errors: Iterable[float]) -> float:
    sizes = [abs(error) for error in errors if math.isfinite(error)]
    return median(sizes) if sizes else NAN


def _built(run: Run, head: Headline) -> list[str]:
    imputed = _counted(len(run.imputed), "imputed variable", "imputed variables")
    if not run.weights:
        return [f"No weighted file came out of this run, which made {imputed}."] if run.imputed else []
    fitted = _counted(head.fitted, "published figure", "published figures")
    records = f"{whole(run.weights['n'])} weighted records"
    return [f"A file of {records} was built, with {imputed} and weights calibrated to {fitted}."]


def _checks(run: Run) -> list[str]:
    """Which checks the file does not pass, those that count first."""
    if not run.checks:
        return []
    told = _counted(len(run.checks), "declared check", "declared checks")
    missed = {s: [c.id for c in run.checks if (c.status, c.severity) == ("failed", s)] for s in ("error", "warn")}
    if missed["error"]:
        return [f"It is not fit for use as declared: of {told}, {', '.join(missed['error'])} failed."]
    warned = f"; a warning comes from {', '.join(missed['warn'])}" if missed["warn"] else ""
    excepted = sum(check.status == "excepted" for check in run.checks)
    aside = f" but for {_counted(excepted, 'reviewed exception', 'reviewed exceptions')}" if excepted else ""
    return [f"It passes every one of {told} that must hold{aside}{warned}."]


def _weights(run: Run) -> list[str]:
    weights = run.weights
    if not weights:
        return []
    said = (
        f"The weights of {whole(weights['n'])} records keep the precision of {whole(weights['ess'])} equally "
        f"weighted ones ({percent(weights['ess_share'])})"
    )
    hits = weights.get("cap_hits_lower", 0) + weights.get("cap_hits_upper", 0)
    if weights.get("bounds"):
        said += f"; {percent(hits / max(weights['n'], 1))} of them stand at a bound"
    elif weights.get("refit_bounds"):
        kept = weights["n"] - weights["n_zero"]
        said += f"; {whole(kept)} were kept, of which {percent(hits / max(kept, 1))} stand at a bound"
    told = [said + "."]
    if weights.get("collapse"):
        told.append(f"The weights have collapsed: {weights['collapse']}.")
    lost = [stage["name"] for stage in weights.get("stages") or () if not stage["kept"] and stage["targets"]]
    if lost:
        told.append(f"Of the stages of calibration, {', '.join(lost)} did not hold; the weights before it were kept.")
    if weights.get("converged") is False:
        reason = weights.get("reason") or "no reason given"
        told.append(f"Calibration did not reach every target within its tolerance: {reason}.")
    return told


def _worst(benchmarks: Iterable[Benchmark]) -> Benchmark | None:
    known = [benchmark for benchmark in benchmarks if math.isfinite(benchmark.error)]
    return max(known, key=lambda b: abs(b.error), default=None)


def _counted(count: int, one: str, many: str) -> str:
    return f"{whole(count)} {one if count == 1 else many}"
