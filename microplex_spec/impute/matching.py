"""Nearest donors: who is alike by a few predictors, and a draw among them by design weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from ..streams import uniforms
from .forest import rank_scores
from .scaled_inputs import ScaledInputs

ROWS = 65_536
"""Recipients whose neighbours are held at a time."""


@dataclass
class NearestDonors:
    """A random hot deck within distance (Andridge and Little 2010).

    After fit: `values_`, `weights_` (n,) of the donors, `chosen_` (m,) columns of the scaled inputs that are matched
    on, `tree_` (a k-d tree of the donors), `feature_importances_` (p,), `pooled_` (all donors are neighbours).
    """

    neighbours: int = 20
    matching: int = 8

    def fit(self, X: np.ndarray, y: np.ndarray, w: np.ndarray, seed: int, stream: str) -> Self:
        """Learn from X float32 (n, p), y (n,), w (n,) positive; nothing is random before the draw."""
        from scipy.spatial import cKDTree

        self.values_, self.weights_ = np.array(y, np.float64), w
        self.pooled_ = bool(len(y) <= self.neighbours)
        self.inputs_ = ScaledInputs().fit(X, w)
        scaled = self.inputs_.transform(X)
        strength = _rank_correlations(scaled, y, w)
        self.chosen_ = np.sort(np.argsort(-strength, kind="stable")[: self.matching])
        self.tree_ = cKDTree(scaled[:, self.chosen_])
        told = np.zeros(scaled.shape[1])
        told[self.chosen_] = strength[self.chosen_]
        # What is known of a predictor's gaps counts as known of the predictor.
        gains = told[: X.shape[1]].copy()
        np.add.at(gains, self.inputs_.holes_, told[X.shape[1] :])
        self.feature_importances_ = gains / (gains.sum() or 1.0)
        return self

    def draw(self, X: np.ndarray, seed: int, stream: str, ids: np.ndarray) -> np.ndarray:
        """The value (n,) of one near donor of each row, keyed by (seed, stream, id)."""
        u, drawn = uniforms(seed, stream, ids), np.empty(len(X))
        nearest = min(self.neighbours, len(self.values_))
        for first in range(0, len(X), ROWS):
            part = slice(first, first + ROWS)
            scaled = self.inputs_.transform(X[part])[:, self.chosen_]
            donors = self.tree_.query(scaled, k=np.arange(1, nearest + 1), workers=-1)[1]
            reach = np.cumsum(self.weights_[donors], axis=1)
            place = (reach <= (u[part] * reach[:, -1])[:, None]).sum(axis=1)
            drawn[part] = self.values_[donors[np.arange(len(donors)), np.minimum(place, nearest - 1)]]
        return drawn


def _rank_correlations(columns: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    """|weighted Spearman correlation| (p,) of each column with y; 0 for a constant."""
    ranks = np.column_stack([rank_scores(y), *(rank_scores(column) for column in columns.T)])
    ranks -= np.average(ranks, axis=0, weights=w)
    # Sums column by column: a matrix product would round by the threads of the linear algebra.
    squares = (w[:, None] * ranks**2).sum(axis=0)
    products = (w[:, None] * ranks[:, 1:] * ranks[:, :1]).sum(axis=0)
    scale = np.sqrt(squares[0] * squares[1:])
    return np.abs(np.divide(products, scale, out=np.zeros(len(products)), where=scale > 0))
