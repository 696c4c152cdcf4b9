"""What the calibrators on the dual solver share: parameters, bounds, cost. Imports no compiled code."""

from __future__ import annotations

import numbers
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..spec.cost import shipped_costs
from ..spec.errors import Problems
from .base import CalibrationShape, Calibrator, Cost
from .problem import CalibrationProblem, CalibrationResult, check_ratio_bounds

if TYPE_CHECKING:
    from .distances import Distance

SMALLEST_RATIO = 1e-9
"""Lowest ratio of a backend that does not declare zero weights; far below any that a solution needs."""


class DualCalibrator(Calibrator):
    """A distance on the dual solver.

    softness: how much of its tolerance a target may use up for ratios nearer to 1; 0 aims at every target
        exactly, whatever the tolerances. See `dual` for the objective. Targets without tolerance are exact.
    lower, upper: bounds on the ratio of a weight to its initial weight; the problem's own bounds come first.
    max_iterations: cap on iterations, each one or a few passes over the matrix.
    Raises SpecError for values out of range.
    """

    warm_starts = True

    def __init__(self, softness: float, lower: float, upper: float, max_iterations: int):
        problems = Problems()
        given = {"softness": softness, "lower": lower, "upper": upper, "max_iterations": max_iterations}
        for name, value in given.items():
            if not isinstance(value, numbers.Real) or isinstance(value, bool) or np.isnan(value):
                problems.add(f"calibrator parameter {name!r} is {value!r}", hint="it must be a number")
        problems.raise_if_any()
        if not 0 <= softness < np.inf:
            problems.add(f"calibrator parameter 'softness' is {softness}", hint="it must be at least 0")
        if not 1 <= max_iterations < np.inf:
            problems.add(f"calibrator parameter 'max_iterations' is {max_iterations}", hint="it must be at least 1")
        check_ratio_bounds(lower, upper, problems)
        problems.raise_if_any()
        self.softness, self.lower, self.upper = float(softness), float(lower), float(upper)
        self.max_iterations = int(max_iterations)

    @abstractmethod
    def distance(self, lower: float, upper: float) -> Distance:
        """The distance within these bounds; imports the compiled code."""

    def solve(self, problem: CalibrationProblem, seed: int = 0, start: np.ndarray | None = None) -> CalibrationResult:
        from .dual import solve_dual

        lower, upper = problem.bounds or self.ratio_bounds()
        return solve_dual(
            problem,
            self.distance(self._above_zero(lower), upper),
            softness=self.softness,
            seed=seed,
            start=start,
            max_iterations=self.max_iterations,
        )

    def ratio_bounds(self) -> tuple[float, float]:
        return self._above_zero(self.lower), self.upper

    def _above_zero(self, lower: float) -> float:
        return lower if self.capabilities.zero_weights else max(lower, SMALLEST_RATIO)

    @classmethod
    def predict_cost(cls, shape: CalibrationShape, params: Mapping[str, Any]) -> Cost:
        """Forty passes, four Gram matrices and four factors: a solve of middling difficulty."""
        k = float(shape.targets)
        return shipped_costs().price(
            {
                "import.dual": 1,
                "dual.nonzeros": shape.nonzeros,
                "dual.squares": k**2,
                "dual.products": min(shape.nonzeros**2 / max(shape.records, 1) / 2, 4e8),
                "dual.cubes": k**3,
                "dual.sampled": min(shape.nonzeros, 8e8 * shape.records / max(shape.nonzeros, 1)),
                "dual.records": shape.records,
            }
        )
