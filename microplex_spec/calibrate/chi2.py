"""Calibrator `chi2`: least squares on ratios, GREG kept at zero or above (Deville and Sarndal 1992, case 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._dual_backend import DualCalibrator
from .base import CalibratorCapabilities

if TYPE_CHECKING:
    from .distances import Distance


class Chi2(DualCalibrator):
    """Ratios max(lower, 1 + a . m): the nonnegative variant of GREG, equal to it wherever no weight is negative.

    Plain, unbounded GREG is no setting here: weights of zero or more are the contract of every calibrator, and GREG
    has reached ratios of -9 on hard systems. `lower` > 0 bars weights of zero as well.
    """

    version = 2
    capabilities = CalibratorCapabilities(seeded=True, zero_weights=True)

    def __init__(self, softness: float = 1.0, lower: float = 0.0, upper: float = np.inf, max_iterations: int = 500):
        super().__init__(softness, lower, upper, max_iterations)

    def distance(self, lower: float, upper: float) -> Distance:
        from .distances import linear

        return linear(lower, upper)
