"""Calibrator `entropy`: raking, the nearest weights in relative entropy (Deville and Sarndal 1992)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._dual_backend import DualCalibrator
from .base import CalibratorCapabilities

if TYPE_CHECKING:
    from .distances import Distance


class Entropy(DualCalibrator):
    """Ratios exp(a . m): positive without bounds, product form on categories, as iterative raking gives."""

    version = 2
    capabilities = CalibratorCapabilities(seeded=True)

    def __init__(self, softness: float = 1.0, lower: float = 0.0, upper: float = np.inf, max_iterations: int = 500):
        super().__init__(softness, lower, upper, max_iterations)

    def distance(self, lower: float, upper: float) -> Distance:
        from .distances import raking

        return raking(lower, upper)
