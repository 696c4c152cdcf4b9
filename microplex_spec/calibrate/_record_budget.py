"""What `sparse` and `hardconcrete` share: calibrate all records, choose some, calibrate those again within bounds.

The refit starts from the initial weights divided by the inclusion chance, and at the multipliers of the first
calibration: there every kept record has its calibrated weight over its chance, which meets the targets on average.
"""

from __future__ import annotations

import numbers
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..spec.cost import shipped_costs, sum_work
from ..spec.errors import Problem, SpecError
from .base import CalibrationShape, Calibrator, Cost
from .logit import Logit
from .parts import columns_of
from .problem import CalibrationProblem, CalibrationResult, weighted_sums

MAX_RECORDS = 50_000


@dataclass(frozen=True, eq=False)
class Choice:
    """Records to keep: rows (m,) ascending, and the chance (m,) of each, by which its weight is divided."""

    rows: np.ndarray
    chance: np.ndarray


class RecordBudget(Calibrator):
    """A calibrator that keeps at most `max_records` records; the others get weight 0.

    max_records: the most to keep. softness, max_iterations: as in `logit`, which does both calibrations.
    lower, upper: bounds on ratios. The weight of a record kept is within them times its initial weight over its
        inclusion chance; where nothing has to be dropped, times its initial weight.

    Records of initial weight zero keep it, and where no more than `max_records` have any, all of those are kept.
    Raises SpecError for values out of range, and for a problem with bounds of its own where records have to be
    dropped: a record kept stands for others besides itself, so that no ratio to its own initial weight is kept.
    """

    def __init__(self, max_records: int, softness: float, lower: float, upper: float, max_iterations: int):
        self.max_records = positive_whole("max_records", max_records)
        self.logit = Logit(softness, lower, upper, max_iterations)
        self.softness, self.lower, self.upper = self.logit.softness, self.logit.lower, self.logit.upper
        self.max_iterations = self.logit.max_iterations

    @abstractmethod
    def choose(self, problem: CalibrationProblem, weights: np.ndarray, seed: int) -> Choice:
        """Which `max_records` to keep of the records of positive weight. weights: (n,) that calibrate all of them."""

    def solve(self, problem: CalibrationProblem, seed: int = 0, start: np.ndarray | None = None) -> CalibrationResult:
        live = np.count_nonzero(problem.initial_weights)
        if live > self.max_records and problem.bounds:
            raise SpecError(
                Problem(
                    "a record budget keeps no bounds on the ratios of weights to initial weights",
                    hint="parameters lower and upper bound them against the initial weight over the inclusion chance",
                )
            )
        first = self.logit.solve(problem, seed, start)
        if live <= self.max_records:
            return replace(first, reason=f"all {live} records are within the budget: {first.reason}")
        choice = self.choose(problem, first.weights, seed)
        return refit(problem, choice, first, self.logit, seed)

    def most_records(self) -> int | None:
        return self.max_records

    def without_budget(self) -> Calibrator:
        return self.logit

    def ratio_bounds(self) -> tuple[float, float]:
        """None against the initial weight: a record may be dropped, or stand for many that are."""
        return 0.0, np.inf

    @classmethod
    def predict_cost(cls, shape: CalibrationShape, params: Mapping[str, Any]) -> Cost:
        """A calibration of all records, one of those kept, and the choice between them."""
        kept = min(int(params.get("max_records", MAX_RECORDS)), shape.records)
        share = kept / max(shape.records, 1)
        small = CalibrationShape(kept, shape.targets, int(shape.nonzeros * share))
        parts = [Logit.predict_cost(shape, params).work]
        if kept < shape.records:
            parts += [Logit.predict_cost(small, params).work, cls.choice_work(shape, params)]
        return shipped_costs().price(sum_work(*parts))

    @classmethod
    def choice_work(cls, shape: CalibrationShape, params: Mapping[str, Any]) -> dict[str, float]:
        """Work of the choice, where it counts beside the calibrations."""
        return {}


def positive_whole(name: str, value: Any) -> int:
    """A parameter that has to be a whole number above zero; SpecError if it is not."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < 1:
        raise SpecError(f"calibrator parameter {name!r} is {value!r}; it must be a whole number of at least 1")
    return int(value)


def refit(
    problem: CalibrationProblem, choice: Choice, first: CalibrationResult, logit: Logit, seed: int
) -> CalibrationResult:
    """Calibrate the chosen records alone, without penalty, within bounds; all others weigh 0.

    Targets that no chosen record supports cannot be fitted; the reason names one, and counts them as missed.
    first: of all records, whose multipliers the refit starts from.
    """
    n, k = problem.matrix.shape
    matrix, base = problem.matrix[choice.rows], problem.initial_weights[choice.rows] / choice.chance
    whole_base = np.zeros(n)
    whole_base[choice.rows] = base
    gross = weighted_sums(matrix, base, absolute=True)
    supported = np.flatnonzero(gross > 0)
    lost = np.flatnonzero(gross == 0)
    weights, multipliers = np.zeros(n), np.zeros(k)
    iterations, seconds, ended = first.iterations, first.seconds, "no target has a record among those kept"
    if supported.size:
        targets = problem.targets[supported]
        part = CalibrationProblem(
            columns_of(matrix, supported),
            targets,
            base,
            tolerance=np.asarray(problem.tolerance)[supported],
            names=[problem.name(j) for j in supported],
            # An error of a zero target stays relative to the gross total of all records, whatever the sample's is.
            relative_to=np.asarray(problem.relative_to)[supported],
            domains=None if problem.domains is None else columns_of(problem.domains[choice.rows], supported),
        )
        solved = logit.solve(part, seed, start=first.multipliers[supported])
        weights[choice.rows], multipliers[supported] = solved.weights, solved.multipliers
        iterations, seconds = iterations + solved.iterations, seconds + solved.seconds
        ended = solved.reason.partition(";")[0]
    else:
        weights[choice.rows] = base
    told = f"{choice.rows.size} of {np.count_nonzero(problem.initial_weights)} records kept: {ended}"
    if lost.size:
        told += f"; {lost.size} targets have no record among those kept, such as {problem.name(lost[0])!r}"
    result = problem.judge(weights, iterations=iterations, ended=told, multipliers=multipliers, seconds=seconds)
    result = replace(result, base=whole_base)
    if first.converged and not result.converged:
        few = "; all records together meet every target: the budget is too small for these targets and bounds"
        result = replace(result, reason=result.reason + few)
    return result
