"""Comparing distributions of weighted samples: Kolmogorov-Smirnov distance and histograms on a signed-log scale."""

from __future__ import annotations

import numpy as np


def weighted_ks(a: np.ndarray, wa: np.ndarray, b: np.ndarray, wb: np.ndarray) -> float:
    """Largest distance between the weighted distribution functions of two samples (0..1).

    a, b: (n,), (m,) values. wa, wb: their weights, each with a positive sum.
    """
    grid = np.unique(np.concatenate([a, b]))
    return float(np.abs(_cdf(a, wa, grid) - _cdf(b, wb, grid)).max()) if len(grid) else 0.0


def _cdf(values: np.ndarray, weights: np.ndarray, grid: np.ndarray) -> np.ndarray:
    order = np.argsort(values, kind="stable")
    cumulated = np.concatenate([[0.0], np.cumsum(weights[order])])
    return cumulated[np.searchsorted(values[order], grid, side="right")] / cumulated[-1]


def signed_log_edges(samples: list[np.ndarray], bins: int) -> np.ndarray:
    """(bins + 1,) edges, evenly spaced in sign(x) log10(1 + |x|), that cover the nonzero values of all samples."""
    nonzero = np.concatenate([sample[sample != 0] for sample in samples])
    if not len(nonzero):
        return np.linspace(-1.0, 1.0, bins + 1)
    low, high = (np.sign(x) * np.log10(1 + abs(x)) for x in (nonzero.min(), nonzero.max()))
    if low == high:
        low, high = low - 0.5, high + 0.5
    scale = np.linspace(low, high, bins + 1)
    return np.sign(scale) * (10.0 ** np.abs(scale) - 1.0)


def nonzero_shares(values: np.ndarray, weights: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """(len(edges) - 1,) shares of the weight of nonzero values by bin; the outer bins take what lies beyond."""
    kept = values != 0
    bins = np.clip(np.searchsorted(edges, values[kept], side="right") - 1, 0, len(edges) - 2)
    mass = np.bincount(bins, weights=weights[kept], minlength=len(edges) - 1)
    return mass / mass.sum() if mass.sum() > 0 else mass
