"""Donor values by their weighted rank, and back: the scale on which networks learn, 0 to 1 by construction."""

from __future__ import annotations

import numpy as np


class DonorRanks:
    """The weighted distribution function of the donors: each distinct value owns an interval as wide as its share.

    Any rank within the interval stands for the value. So point masses and heaped amounts keep their share, every draw
    is a donor's value, and no rank leads beyond the donors' range.

    Attributes: `values_` (m,) distinct, rising; `upper_` (m,) where their intervals end, the last at 1.
    """

    def __init__(self, y: np.ndarray, w: np.ndarray):
        """y: (n,) donor values; w: (n,) positive design weights."""
        self.values_, inverse = np.unique(y, return_inverse=True)
        self.upper_ = np.cumsum(np.bincount(inverse, weights=w))
        self.upper_ /= self.upper_[-1]

    def interval_of(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the intervals of donor values y (n,) begin and end: (n,) each."""
        at = np.searchsorted(self.values_, y)
        return np.concatenate([[0.0], self.upper_])[at], self.upper_[at]

    def value_at(self, rank: np.ndarray) -> np.ndarray:
        """The donor value in whose interval each rank (n,) lies, 0 to 1."""
        at = np.searchsorted(self.upper_, rank, side="right")
        return self.values_[np.minimum(at, len(self.values_) - 1)]
