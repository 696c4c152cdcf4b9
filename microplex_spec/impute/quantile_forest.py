"""Conditional quantiles by the package quantile-forest, with design weights, which it does not draw by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from ..streams import stream_key, uniforms

ROWS = 16_384
"""Rows whose quantiles are held at a time: the package keeps every leaf of every tree for each of them."""
LOWEST = np.float32(-1e38)


@dataclass
class QuantileForest:
    """A quantile regression forest, drawn from at a random one of `levels` evenly spaced levels.

    The package ignores design weights when it takes quantiles, so that it learns from a resample of the donors drawn
    by weight: as many as there are, with replacement.
    After fit: `model_`, `feature_importances_` (p,), `pooled_` (all donors of one value).
    """

    trees: int = 100
    leaf: int = 5
    max_features: float = 1.0
    kept: int = 20
    levels: int = 19

    def fit(self, X: np.ndarray, y: np.ndarray, w: np.ndarray, seed: int, stream: str) -> Self:
        """Learn from X float32 (n, p), y (n,), w (n,) positive, keyed by (seed, stream)."""
        from quantile_forest import RandomForestQuantileRegressor

        key = stream_key(seed, f"{stream}/quantile_forest")
        rows = np.sort(np.random.default_rng(key).choice(len(y), len(y), p=w / w.sum()))
        self.pooled_ = bool(y[rows].min() == y[rows].max())
        self.model_ = RandomForestQuantileRegressor(
            self.trees,
            min_samples_leaf=self.leaf,
            max_samples_leaf=self.kept,
            max_features=self.max_features,
            n_jobs=-1,
            random_state=key % 2**31,
        ).fit(_filled(X[rows]), y[rows])
        self.model_.n_jobs = 1
        self.feature_importances_ = self.model_.feature_importances_
        return self

    def quantiles(self, X: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Conditional quantiles (n, m) at levels (m,), interpolated between donors."""
        asked = np.empty((len(X), len(levels)))
        for first in range(0, len(X), ROWS):
            part = slice(first, first + ROWS)
            asked[part] = self.model_.predict(_filled(X[part]), quantiles=list(levels)).reshape(-1, len(levels))
        return asked

    def draw(self, X: np.ndarray, seed: int, stream: str, ids: np.ndarray) -> np.ndarray:
        """A value (n,) for each row: its quantile at one level of the grid, keyed by (seed, stream, id)."""
        picked = np.minimum((uniforms(seed, stream, ids) * self.levels).astype(np.int64), self.levels - 1)
        grid = (np.arange(self.levels) + 0.5) / self.levels
        drawn = np.empty(len(X))
        for first in range(0, len(X), ROWS):
            part = slice(first, first + ROWS)
            found = self.quantiles(X[part], grid)
            drawn[part] = found[np.arange(len(found)), picked[part]]
        return drawn

    def pit(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The rank (n,) of y (n,) in the conditional distribution of its row, 0..1."""
        return self.model_.quantile_ranks(_filled(X), y)


def _filled(X: np.ndarray) -> np.ndarray:
    """Predictors whose gaps are a value below all others, since the package takes none: a split can tell them apart."""
    return np.where(np.isnan(X), LOWEST, X)
