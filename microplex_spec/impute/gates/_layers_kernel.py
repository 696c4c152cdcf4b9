"""Compiled pass through a network of one hidden layer, each row by itself: threads and chunks change no bit."""

from __future__ import annotations

import numba as nb
import numpy as np


@nb.njit(parallel=True, nogil=True, cache=True)
def two_layers(X, first, inner, second, outer):
    """Scores (n,) of rows X (n, p): rectified X first + inner, first (p, h), then times second (h,) plus outer."""
    n, p = X.shape
    hidden = inner.size
    scores = np.empty(n)
    for i in nb.prange(n):  # type: ignore[attr-defined]
        units = inner.copy()
        for j in range(p):
            for k in range(hidden):
                units[k] += X[i, j] * first[j, k]
        score = outer
        for k in range(hidden):
            score += max(units[k], 0.0) * second[k]
        scores[i] = score
    return scores
