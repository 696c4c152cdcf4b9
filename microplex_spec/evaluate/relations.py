"""Relations between columns, and the band around zero that a draw must not enter."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..spec.errors import SpecError
from .inputs import number_column, number_table, table_pair, weight_column


def spearman_matrix(values: Any, weights: Any = None) -> np.ndarray:
    """Rank correlations of all pairs of columns (Spearman 1904), (p, p), equal values sharing their middle rank.

    values: (n, p) finite; weights: (n,), counted as copies of a row, one each where None. Nothing moves with a column
    that is constant: its correlations are 0, and 1 with itself. Raises SpecError.
    """
    table = number_table(values, "rows")
    return _spearman(table, weight_column(weights, len(table)))


def spearman_distance(
    real: Any, synthetic: Any, real_weights: Any = None, synthetic_weights: Any = None, drawn: Any = None
) -> float:
    """Mean absolute difference of real and synthetic rank correlations over pairs of two columns, 0..2.

    real: (n, p), synthetic: (m, p), p at least 2; the weights (n,) and (m,). drawn: (p,) bool, the columns that are
    synthetic, all where None; pairs of two others are left out, for where these are given they agree by construction.
    Raises SpecError.
    """
    real, synthetic = table_pair(real, synthetic)
    if real.shape[1] < 2:
        raise SpecError("rank correlations need at least two columns, got 1")
    first = _spearman(real, weight_column(real_weights, len(real), "real weights"))
    second = _spearman(synthetic, weight_column(synthetic_weights, len(synthetic), "synthetic weights"))
    moved = np.ones(len(first), bool) if drawn is None else np.asarray(drawn, bool)
    pairs = np.triu(moved[:, None] | moved, k=1)
    if not pairs.any():
        raise SpecError("no column is drawn: no rank correlation could differ")
    return float(np.abs(first - second)[pairs].mean())


def interior_band(donor: Any) -> tuple[float, float]:
    """The largest negative and the smallest positive donor value: between them no draw but zero may lie.

    Where the donor has no value of a sign, the band is open to infinity on that side. donor: (n,) finite.
    """
    values = number_column(donor, "donor values")
    low = float(values[values < 0].max(initial=-np.inf))
    return low, float(values[values > 0].min(initial=np.inf))


def interior_band_violations(donor: Any, draws: Any) -> int:
    """How many draws (m,) are nonzero and lie within the donor's (n,) `interior_band`; of a sound imputer, none."""
    low, high = interior_band(donor)
    drawn = number_column(draws, "draws")
    return int(np.count_nonzero((drawn > low) & (drawn < high) & (drawn != 0)))


def _spearman(table: np.ndarray, weights: np.ndarray) -> np.ndarray:
    share = weights / weights.sum()
    ranks = np.column_stack([_middle_ranks(column, share) for column in table.T])
    scaled = ranks * np.sqrt(share)[:, None]
    moments = scaled.T @ scaled
    deviation = np.sqrt(np.diag(moments))
    varies = np.array([len(np.unique(column[weights > 0])) > 1 for column in table.T])
    inverse = np.divide(1.0, deviation, out=np.zeros(len(deviation)), where=varies)
    correlations = np.clip(moments * np.outer(inverse, inverse), -1.0, 1.0)
    np.fill_diagonal(correlations, 1.0)
    return correlations


def _middle_ranks(column: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Share of weight below each value plus half of that on it, less the mean of that, which is a half."""
    _, place = np.unique(column, return_inverse=True)
    mass = np.bincount(place, weights=share)
    return (np.cumsum(mass) - 0.5 * mass - 0.5)[place]
