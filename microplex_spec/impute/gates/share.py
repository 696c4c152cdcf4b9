"""Gate `none`: the donors' weighted share for everyone, whatever the predictors; the baseline of the others."""

from __future__ import annotations

from typing import Self

import numpy as np

from ...spec.cost import ImputeShape, Work


class ShareGate:
    """Draws the event at its share among the donors."""

    def fit(self, X: np.ndarray, event: np.ndarray, w: np.ndarray, seed: int) -> Self:
        self.share_ = float(w[event].sum() / w.sum())
        return self

    def probability(self, X: np.ndarray) -> np.ndarray:
        return np.full(len(X), self.share_)

    @staticmethod
    def work(shape: ImputeShape) -> Work:
        return {}
