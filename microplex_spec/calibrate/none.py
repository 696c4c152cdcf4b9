"""Calibrator `none`: the initial weights as they are, judged against the targets like any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..spec.cost import shipped_costs
from .base import CalibrationShape, Calibrator, CalibratorCapabilities, Cost
from .problem import CalibrationProblem, CalibrationResult


class NoCalibration(Calibrator):
    """For a file whose design weights are to be kept, and as the baseline of a comparison."""

    version = 1
    capabilities = CalibratorCapabilities(exact=False, soft=False)

    @classmethod
    def predict_cost(cls, shape: CalibrationShape, params: Mapping[str, Any]) -> Cost:
        return shipped_costs().price({"none.nonzeros": shape.nonzeros, "none.records": shape.records})

    def ratio_bounds(self) -> tuple[float, float]:
        return 1.0, 1.0

    def solve(self, problem: CalibrationProblem, seed: int = 0, start: np.ndarray | None = None) -> CalibrationResult:
        return problem.judge(problem.initial_weights.copy(), ended="weights left as they are")
