"""Checks of a finished file (checks.yaml): what must hold of it, how severely, why, and reviewed exceptions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, FiniteFloat, model_validator

from .errors import Problems
from .places import Places, read_record
from .record import Record
from .targets import dotted
from .yaml_reader import Document

Share = Annotated[float, Field(ge=0, le=1)]

# Figures of a whole run, and what each is.
METRICS = {
    "fit_within_10pct": "share of the fitted targets within 10 %",
    "fit_median_error": "median error of the fitted targets",
    "holdout_median_error": "median error of what weights had not seen",
    "targets_fitted": "fitted targets",
    "targets_unsupported": "targets without enough records",
    "targets_unreachable": "targets that no weights can meet",
    "n": "weighted records",
    "n_zero": "records of zero weight",
    "ess": "effective sample size",
    "ess_share": "effective sample size as a share of the records",
    "design_ess_share": "effective sample size by design weights, as a share of the records",
    "min_ratio": "least ratio of a weight to its design weight",
    "median_ratio": "median ratio of a weight to its design weight",
    "max_ratio": "largest ratio of a weight to its design weight",
    "cap_hits_lower": "records at the lower bound of ratios",
    "cap_hits_upper": "records at the upper bound of ratios",
    "share_at_caps": "share of the records at a bound of ratios",
    "largest_percent_share": "share of all weight on the largest hundredth of the records",
}
# Those that are better high, and better low; of the others neither can be said.
HIGHER = frozenset({"fit_within_10pct", "targets_fitted", "ess", "ess_share"})
LOWER = frozenset(
    {
        "fit_median_error",
        "holdout_median_error",
        "targets_unsupported",
        "targets_unreachable",
        "max_ratio",
        "cap_hits_lower",
        "cap_hits_upper",
        "share_at_caps",
        "largest_percent_share",
    }
)
# Figures of one imputed variable.
VARIABLE_METRICS = {
    "ks_donor": "KS distance of the draws from the donors",
    "ks_truth": "KS distance of the draws from the truth",
    "drawn_zero": "share of zeros among the draws",
    "drawn_negative": "share of negatives among the draws",
    "drawn_positive": "share of positives among the draws",
    "drawn_mean": "mean of the draws",
}


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"must be a day such as 2026-06-30, got {text!r}") from None
    return text


class ReviewedException(Record):
    """A failure that somebody reviewed and answers for until a day; then it counts again."""

    owner: str = Field(min_length=1)
    """Who answers for it."""
    expires: Annotated[str, AfterValidator(_day)]
    """The last day on which it holds (UTC), such as 2026-06-30."""
    reason: str = Field(min_length=1)
    """Why the failure is accepted."""
    targets: tuple[str, ...] = ()
    """Globs of ids that a check of targets leaves out meanwhile; without them the whole check is excepted."""


class Check(Record):
    """What all checks have."""

    id: Annotated[str, AfterValidator(dotted)]
    """Its name in report and manifest, parts joined by dots."""
    severity: Literal["error", "warn"] = "error"
    """A failed `error` makes the build end with exit code 3; `warn` only tells."""
    reason: str = Field(min_length=1)
    """Why it must hold."""
    exceptions: tuple[ReviewedException, ...] = ()
    """Failures that were reviewed and are accepted for a time."""

    @model_validator(mode="after")
    def _targets_of_targets(self) -> Check:
        if not isinstance(self, TargetsCheck) and any(e.targets for e in self.exceptions):
            raise ValueError("only a check of targets can except some of them; take 'targets' out of the exception")
        return self


class MetricCheck(Check):
    """Bounds on a figure of the run, or of one imputed `variable`."""

    metric: str
    """The figure: of the run, or of `variable`."""
    variable: str | None = None
    """An imputed variable, where the figure is one of a variable."""
    min: FiniteFloat | None = None
    """The least that passes."""
    max: FiniteFloat | None = None
    """The most that passes."""

    @model_validator(mode="after")
    def _bounded(self) -> MetricCheck:
        _require_ordered(self.min, self.max)
        return self


class Chosen(Record):
    """Targets by family, agency, role and globs of ids; all fitted ones where nothing is said."""

    family: str | None = None
    """Those of a family."""
    agency: str | None = None
    """Those of an agency."""
    role: Literal["fit", "holdout", "monitor"] = "fit"
    """Those of a role."""
    ids: tuple[str, ...] = ()
    """Those whose ids match one of these globs."""


class TargetsCheck(Check):
    """At least a share of some targets lies within a relative error, or within the tolerance of each."""

    targets: Chosen
    """Which targets."""
    within: float | None = Field(default=None, gt=0)
    """The relative error; each target's own tolerance where it is left out."""
    share_at_least: Share = 1.0
    """The share of them that must lie within it."""
    error: Literal["final", "held_out"] = "final"
    """The error of the final weights, or of those that were fitted without the target's family."""


class WeightCaps(Record):
    """Limits of the weights: ratios to the design weights, shares of the records at bounds or of zero weight."""

    max_ratio: float | None = Field(default=None, gt=0)
    """The largest ratio of a weight to its design weight."""
    min_ratio: float | None = Field(default=None, ge=0)
    """The least ratio."""
    max_share_at_caps: Share | None = None
    """The share of the records that may lie at a bound of ratios."""
    max_zero_share: Share | None = None
    """The share of the records that may weigh nothing."""
    max_largest_percent_share: Share | None = None
    """The share of all weight that the largest hundredth of the records may carry."""

    @model_validator(mode="after")
    def _limits(self) -> WeightCaps:
        if not self.model_dump(exclude_none=True):
            raise ValueError(f"must give one of {', '.join(type(self).model_fields)}")
        return self


class WeightsCheck(Check):
    """Caps on the calibrated weights."""

    weights: WeightCaps
    """The limits."""


class BenchmarkCheck(Check):
    """What a benchmark computes: how far from the published figure it may lie, or in which range."""

    benchmark: str
    """The benchmark's id."""
    max_error: float | None = Field(default=None, gt=0)
    """The largest relative error against the published figure."""
    min: FiniteFloat | None = None
    """The least that it may compute, in its own unit."""
    max: FiniteFloat | None = None
    """The most that it may compute, in its own unit."""

    @model_validator(mode="after")
    def _bounded(self) -> BenchmarkCheck:
        if self.max_error is None:
            _require_ordered(self.min, self.max, "max_error, min or max")
        return self


class BaselineCheck(Check):
    """How far the weighted distribution of a variable may have moved against another run."""

    baseline: str
    """The other run's folder, seen from the project's."""
    variable: str
    """The variable."""
    max_ks: Share | None = None
    """The largest Kolmogorov-Smirnov distance of the two weighted distributions."""
    max_mean_change: float | None = Field(default=None, ge=0)
    """The largest relative change of the weighted mean."""
    max_zero_change: Share | None = None
    """The largest change of the weighted share of zeros."""

    @model_validator(mode="after")
    def _limits(self) -> BaselineCheck:
        if self.max_ks is self.max_mean_change is self.max_zero_change is None:
            raise ValueError("give one of max_ks, max_mean_change and max_zero_change")
        return self


# The key that tells the kind of a check, and its model.
KINDS: dict[str, type[Check]] = {
    "metric": MetricCheck,
    "targets": TargetsCheck,
    "weights": WeightsCheck,
    "benchmark": BenchmarkCheck,
    "baseline": BaselineCheck,
}


def kind_of(check: Check) -> str:
    """The key that says what is checked: metric, targets, weights, benchmark or baseline."""
    return next(kind for kind, model in KINDS.items() if isinstance(check, model))


def read_checks(document: Document, places: Places, problems: Problems) -> Iterator[Check]:
    """The checks of a file that lists them; faults are added to `problems`, names are checked with the whole spec."""
    if not isinstance(document.data, tuple):
        problems.add("the file must list checks", document.place(), "each begins with '- id: ...'")
        return
    for index, data in enumerate(document.data):
        keys = data.keys() if isinstance(data, dict) else ()
        kinds = [kind for kind in KINDS if kind in keys]
        if isinstance(data, dict) and len(kinds) != 1:
            hint = f"give one of {', '.join(KINDS)}"
            said = f"is both of {' and '.join(kinds)}" if kinds else "does not say what is checked"
            problems.add(f"the check {said}", document.place(index), hint)
            continue
        model = KINDS[kinds[0]] if kinds else Check
        name = data.get("id") if isinstance(data, dict) else None
        what = f"check {name!r}" if isinstance(name, str) else "the check"
        check = read_record(model, data, document, (index,), problems, what)
        if check is None:
            continue
        if earlier := places.note("check", check.id, document, (index,)):
            problems.add(f"check {check.id!r} stands twice", document.place(index, "id"), f"first at {earlier}")
        else:
            yield check


def _require_ordered(low: float | None, high: float | None, names: str = "min or max") -> None:
    if low is None and high is None:
        raise ValueError(f"give {names}")
    if low is not None and high is not None and low > high:
        raise ValueError(f"min {low:g} is above max {high:g}")
