"""Compiled passes of a small network over rows, and of the two heads that turn its outputs into a rank.

Each row is computed by itself in one fixed order, so that neither threads nor chunks can change a bit of it.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

_BLOCK = 256


@nb.njit(parallel=True, nogil=True, cache=True)
def outputs(X, knots, sizes, tables, first_bias, inner, inner_bias, head, head_bias):
    """Outputs float32 (n, m) of a network of rectified units for rows X float32 (n, p), NaN where missing.

    knots (p, k) and sizes (p,): see `Encoding`; tables (p, k + 1, h) and first_bias (h,): the first layer on it.
    inner (layers, h, h), inner_bias (layers, h): the layers between; head (h, m), head_bias (m,).
    """
    n = X.shape[0]
    out = np.empty((n, head.shape[1]), np.float32)
    for block in nb.prange((n + _BLOCK - 1) // _BLOCK):  # type: ignore[attr-defined]
        units, above = np.empty_like(first_bias), np.empty_like(first_bias)
        for i in range(block * _BLOCK, min(n, (block + 1) * _BLOCK)):
            units[:] = first_bias
            for j in range(X.shape[1]):
                _add_response(X[i, j], knots[j], sizes[j], tables[j], units)
            for layer in range(inner.shape[0]):
                above[:] = inner_bias[layer]
                _add_layer(units, inner[layer], above)
                units, above = above, units
            out[i] = head_bias
            _add_layer(units, head, out[i])
    return out


@nb.njit(nogil=True, cache=True)
def _add_response(x, knots, size, table, units):
    """Add to units (h,) the response to one predictor, read off between its knots, or from the last row if missing."""
    if np.isnan(x) or size == 0:
        units += table[-1]
        return
    above = 0
    while above < size and knots[above] <= x:
        above += 1
    if above == size:
        units += table[size - 1]
    elif above > 0:
        along = np.float32((x - knots[above - 1]) / (knots[above] - knots[above - 1]))
        low, high = table[above - 1], table[above]
        for k in range(units.size):
            units[k] += low[k] + along * (high[k] - low[k])


@nb.njit(nogil=True, cache=True)
def _add_layer(units, weight, above):
    """Add to above (m,) what the rectified units (h,) send it by weight (h, m)."""
    for k in range(units.size):
        if units[k] > 0:
            for q in range(above.size):
                above[q] += units[k] * weight[k, q]


@nb.njit(nogil=True, cache=True)
def quantile_ranks(scores, levels, u):
    """The rank (n,) at level u (n,) of quantile functions from 0 to 1 whose steps are softmax(scores).

    scores: float32 (n, k); levels: (k + 1,) from 0 to 1. Between two levels a function is linear.
    """
    ranks = np.empty(u.size)
    steps = np.empty(scores.shape[1])
    for i in range(u.size):
        _softmax(scores[i], steps)
        below, k = 0.0, 0
        while k < steps.size - 1 and levels[k + 1] <= u[i]:
            below += steps[k]
            k += 1
        ranks[i] = below + steps[k] * (u[i] - levels[k]) / (levels[k + 1] - levels[k])
    return ranks


@nb.njit(nogil=True, cache=True)
def spline_ranks(scores, u, least):
    """The rank (n,) that rational-quadratic splines carry to level u (n,): their inverse (Durkan et al. 2019, A.3).

    scores: float32 (n, 3 k + 1): of the widths, heights and slopes of k bins, each of them at least `least`.
    """
    bins = scores.shape[1] // 3
    room = 1.0 - bins * least
    ranks = np.empty(u.size)
    widths, heights = np.empty(bins), np.empty(bins)
    for i in range(u.size):
        _softmax(scores[i, :bins], widths)
        _softmax(scores[i, bins : 2 * bins], heights)
        left, bottom, k = 0.0, 0.0, 0
        while k < bins - 1 and bottom + least + room * heights[k] <= u[i]:
            left += least + room * widths[k]
            bottom += least + room * heights[k]
            k += 1
        width, height = least + room * widths[k], least + room * heights[k]
        first, second = _slope(scores[i, 2 * bins + k], least), _slope(scores[i, 2 * bins + k + 1], least)
        mean, rise = height / width, u[i] - bottom
        bend = rise * (first + second - 2.0 * mean)
        a = height * (mean - first) + bend
        b = height * first - bend
        along = 2.0 * mean * rise / (b + math.sqrt(max(b * b + 4.0 * a * mean * rise, 0.0)))
        ranks[i] = left + width * min(max(along, 0.0), 1.0)
    return ranks


@nb.njit(nogil=True, cache=True)
def _softmax(scores, shares):
    """Shares (k,) of one, in proportion to the exponentials of scores (k,)."""
    top, total = scores.max(), 0.0
    for k in range(scores.size):
        shares[k] = math.exp(scores[k] - top)
        total += shares[k]
    for k in range(scores.size):
        shares[k] /= total


@nb.njit(nogil=True, cache=True)
def _slope(score, least):
    """Softplus, kept off zero."""
    return least + max(score, 0.0) + math.log1p(math.exp(-abs(score)))
