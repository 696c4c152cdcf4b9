"""Predictors as a network sees them: each cut at quantiles into stretches, along which the response is linear.

A piecewise-linear encoding (Gorishniy, Rubachev and Babenko 2022) takes skewed amounts, codes and counts alike, and
beyond the donors' range it stays where it ends: nothing is extrapolated.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Self

import numpy as np


class Encoding:
    """Knots of every predictor: one encoded column a stretch between two, and one for missing where donors lack it.

    After fit: `knots_` (p, k), of each row the first `sizes_` (p,) in use; `missing_` (p,) bool, some donor lacks the
    predictor; `columns_`, for each predictor where its encoded columns begin and end; `means_` (width,), the donors'
    weighted mean of each.
    """

    def fit(self, X: np.ndarray, w: np.ndarray, most: int) -> Self:
        """Place at most `most` knots a predictor. X: float32 (n, p), NaN where missing; w: (n,) positive."""
        holes = np.isnan(X)
        self.missing_ = holes.any(axis=0)
        knots = [_knots(column[~hole], most) for column, hole in zip(X.T, holes.T, strict=True)]
        self.sizes_ = np.array([len(row) for row in knots])
        self.knots_ = np.zeros((len(knots), max(1, *self.sizes_)))
        for j, row in enumerate(knots):
            self.knots_[j, : len(row)] = row
        ends = np.cumsum([0, *(np.maximum(self.sizes_ - 1, 0) + self.missing_)])
        self.columns_ = [slice(begin, end) for begin, end in pairwise(ends)]
        self.means_ = np.zeros(ends[-1])
        for columns, parts in self._parts(X):
            known = ~np.isnan(parts)
            mass = w @ known
            self.means_[columns] = w @ np.where(known, parts, 0.0) / np.where(mass > 0, mass, 1.0)
        return self

    def encode(self, X: np.ndarray) -> np.ndarray:
        """The rows X float32 (n, p) as float32 (n, width), each column less its mean, which stands for missing."""
        encoded = np.empty((len(X), len(self.means_)), np.float32)
        for columns, parts in self._parts(X):
            parts -= self.means_[columns]
            encoded[:, columns] = np.where(np.isnan(parts), 0.0, parts)
        return encoded

    def _parts(self, X: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """By predictor: its columns, and (n, columns) how far along each stretch (NaN where missing), if missing."""
        for j, columns in enumerate(self.columns_):
            knots = self.knots_[j, : self.sizes_[j]]
            parts = np.clip((X[:, [j]] - knots[:-1]) / np.diff(knots), 0.0, 1.0)
            if self.missing_[j]:
                parts = np.column_stack([parts, np.isnan(X[:, j])])
            yield columns, parts

    def tables(self, weight: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A linear layer on the encoding as tables: what each predictor adds at each knot and, last, where missing.

        weight: (units, width), bias: (units,). Returns float32 (p, k + 1, units) and the bias that goes with it.
        """
        p, k = self.knots_.shape
        weight = weight.astype(np.float64)
        tables = np.zeros((p, k + 1, len(bias)))
        for j, columns in enumerate(self.columns_):
            stretches = slice(columns.start, columns.stop - int(self.missing_[j]))
            rises = weight[:, stretches].T
            tables[j, 1 : len(rises) + 1] = np.cumsum(rises, axis=0)
            tables[j, k] = self.means_[stretches] @ rises
            if self.missing_[j]:
                tables[j, k] += weight[:, columns.stop - 1]
        return tables.astype(np.float32), (bias - weight @ self.means_).astype(np.float32)


def _knots(known: np.ndarray, most: int) -> np.ndarray:
    """At most `most` knots for the known values: the lowest, the highest, and quantiles between.

    No value counts for more than one knot's share, so that a column of zeros leaves the knots to its amounts.
    """
    values, counts = np.unique(known.astype(np.float64), return_counts=True)
    if len(values) <= most:
        return values
    while counts.max() > (most_counted := -(-counts.sum() // most)):
        counts = np.minimum(counts, most_counted)
    rank = (np.cumsum(counts) - counts / 2) / counts.sum()
    inner = values[np.searchsorted(rank, np.linspace(0.0, 1.0, most)[1:-1])]
    return np.unique(np.concatenate([values[:1], inner, values[-1:]]))
