"""Predictors on one scale, for models that add or compare them: signed logarithms, standardised, gaps told apart."""

from __future__ import annotations

from typing import Self

import numpy as np

from ..crps import signed_log


class ScaledInputs:
    """After fit: `mean_`, `spread_` (p,), weighted; `holes_` (h,) the predictors that some donors miss."""

    def fit(self, X: np.ndarray, w: np.ndarray) -> Self:
        """Learn from X float32 (n, p), NaN where missing, under design weights w (n,)."""
        there = ~np.isnan(X)
        weight = np.where(there, w[:, None], 0.0)
        logs = np.where(there, signed_log(X.astype(np.float64)), 0.0)
        mass = np.maximum(weight.sum(axis=0), np.finfo(float).tiny)
        self.mean_ = (weight * logs).sum(axis=0) / mass
        spread = np.sqrt((weight * (logs - self.mean_) ** 2).sum(axis=0) / mass)
        self.spread_ = np.where(spread > 0, spread, 1.0)
        self.holes_ = np.flatnonzero(~there.all(axis=0))
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """(n, p + h) float64: the standardised predictors, a missing one at its mean, then who misses which."""
        missing = np.isnan(X)
        with np.errstate(invalid="ignore"):
            scaled = (signed_log(X.astype(np.float64)) - self.mean_) / self.spread_
        return np.hstack([np.where(missing, 0.0, scaled), missing[:, self.holes_]])
