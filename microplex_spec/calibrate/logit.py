"""Calibrator `logit`: ratios smoothly within bounds (Deville and Sarndal 1992, case 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..spec.errors import Problem, SpecError
from ._dual_backend import DualCalibrator
from .base import CalibratorCapabilities

if TYPE_CHECKING:
    from .distances import Distance


class Logit(DualCalibrator):
    """Ratios between two bounds, a tenth and ten by default.

    Wide enough for survey records reweighted to tax records, narrow enough that none stands for more than ten
    times those it was drawn for.
    """

    version = 2
    capabilities = CalibratorCapabilities(seeded=True)

    def __init__(self, softness: float = 1.0, lower: float = 0.1, upper: float = 10.0, max_iterations: int = 500):
        super().__init__(softness, lower, upper, max_iterations)
        _check_finite(self.upper)

    def distance(self, lower: float, upper: float) -> Distance:
        from .distances import logit

        _check_finite(upper)
        return logit(lower, upper)


def _check_finite(upper: float) -> None:
    if not np.isfinite(upper):
        hint = "entropy and chi2 do without one"
        raise SpecError(Problem("calibrator 'logit' needs a finite upper bound of weight ratios", hint=hint))
