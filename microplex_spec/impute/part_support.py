"""The values that a part of the donors holds: where draws of a model that invents values are brought back to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from ..spec.regimes import Regime


@dataclass(frozen=True, eq=False)
class PartSupport:
    """Closed intervals [low, high], ascending and apart, of the values allowed; points where both are one value."""

    lows: np.ndarray
    highs: np.ndarray
    whole: bool = False

    @classmethod
    def of(cls, y: np.ndarray, regime: Regime) -> Self:
        """Of donor values y (n,), n > 0: each value of a code or flag, else what lies between the donors of a sign.

        No draw lies beyond the donors' range, nor in the gaps between losses, zeros and gains where the regime tells
        these apart. Counts are whole.
        """
        if regime.values == "binary" or regime.name == "categorical":
            points = np.unique(y)
            return cls(points, points)
        if not regime.gated:
            return cls(np.array([y.min()]), np.array([y.max()]), whole=regime.values == "count")
        signs = [values for values in (y[y < 0], y[y == 0], y[y > 0]) if len(values)]
        return cls(np.array([values.min() for values in signs]), np.array([values.max() for values in signs]))

    def nearest(self, drawn: np.ndarray) -> np.ndarray:
        """The allowed value nearest to each drawn one (n,)."""
        values = np.rint(drawn) if self.whole else drawn
        below = np.clip(np.searchsorted(self.lows, values, side="right") - 1, 0, len(self.lows) - 1)
        above = np.minimum(below + 1, len(self.lows) - 1)
        down, up = np.clip(values, self.lows[below], self.highs[below]), self.lows[above]
        return np.where(np.abs(up - values) < np.abs(down - values), up, down) + 0.0
