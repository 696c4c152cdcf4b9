"""Compiled passes over a CSR matrix: dual value and gradient, Hessian diagonal, leverages, Gram matrix.

Every sum runs over a fixed number of chunks of rows, cut by stored values and added up in order, whatever
the number of threads: the same bytes come out on one core and on many.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from .distances import FAST, ratio_and_primitive

CHUNKS = 64


def chunk_edges(indptr: np.ndarray) -> np.ndarray:
    """(CHUNKS + 1,) row numbers that cut the matrix into chunks of nearly equal stored values."""
    cuts = np.searchsorted(indptr, np.linspace(0, indptr[-1], CHUNKS + 1)[1:-1])
    return np.concatenate([[0], cuts, [indptr.size - 1]]).astype(np.int64)


@njit(parallel=True, fastmath=FAST, cache=True)
def dual_pass(indptr, columns, values, w0, edges, multipliers, kind, lower, upper, weights, totals, primitives):
    """Weights at the multipliers, and by chunk their column totals and the sum of w0 times the primitive.

    Each row is read twice while it is in cache: once for its linear predictor, once to add to the totals.
    A record of initial weight zero keeps it. weights (n,), totals (CHUNKS, k) and primitives (CHUNKS,) are
    written.
    """
    for c in prange(CHUNKS):  # type: ignore[attr-defined]
        total = totals[c]
        total[:] = 0.0
        primitive = 0.0
        for i in range(edges[c], edges[c + 1]):
            if w0[i] == 0.0:
                weights[i] = 0.0
                continue
            e = 0.0
            for p in range(indptr[i], indptr[i + 1]):
                e += values[p] * multipliers[columns[p]]
            ratio, rise = ratio_and_primitive(kind, e, lower, upper)
            w = w0[i] * ratio
            weights[i] = w
            primitive += w0[i] * rise
            for p in range(indptr[i], indptr[i + 1]):
                total[columns[p]] += w * values[p]
        primitives[c] = primitive


@njit(parallel=True, fastmath=FAST, cache=True)
def diagonal_pass(indptr, columns, values, curvature, edges, totals):
    """By chunk, the diagonal of A' diag(curvature) A; totals (CHUNKS, k) is written."""
    for c in prange(CHUNKS):  # type: ignore[attr-defined]
        total = totals[c]
        total[:] = 0.0
        for i in range(edges[c], edges[c + 1]):
            for p in range(indptr[i], indptr[i + 1]):
                v = np.float64(values[p])
                total[columns[p]] += curvature[i] * v * v


@njit(parallel=True, fastmath=FAST, cache=True)
def leverage_pass(indptr, columns, values, curvature, edges, inverse_diagonal, leverage):
    """Leverage of each row against the diagonal alone, an upper bound in shape; leverage (n,) is written."""
    for c in prange(CHUNKS):  # type: ignore[attr-defined]
        for i in range(edges[c], edges[c + 1]):
            s = 0.0
            for p in range(indptr[i], indptr[i + 1]):
                v = np.float64(values[p])
                s += v * v * inverse_diagonal[columns[p]]
            leverage[i] = s * curvature[i]


@njit(cache=True)
def by_column(indptr, columns, rows, k):
    """The entries of some rows by column: (starts (k + 1,), index into rows, position in the CSR)."""
    starts = np.zeros(k + 1, np.int64)
    for q in range(rows.size):
        for p in range(indptr[rows[q]], indptr[rows[q] + 1]):
            starts[columns[p] + 1] += 1
    for j in range(k):
        starts[j + 1] += starts[j]
    fill = starts[:-1].copy()
    member = np.empty(starts[k], np.int32)
    position = np.empty(starts[k], np.int64)
    for q in range(rows.size):
        for p in range(indptr[rows[q]], indptr[rows[q] + 1]):
            at = fill[columns[p]]
            member[at] = q
            position[at] = p
            fill[columns[p]] = at + 1
    return starts, member, position


@njit(fastmath=FAST)
def _gram_row(j, indptr, columns, values, rows, curvature, scale, starts, member, position, out):
    for at in range(starts[j], starts[j + 1]):
        q = member[at]
        first = position[at]
        c = curvature[q] * values[first] * scale[j]
        for p in range(first, indptr[rows[q] + 1]):
            out[columns[p]] += c * values[p] * scale[columns[p]]


@njit(parallel=True, fastmath=FAST, cache=True)
def gram_pass(indptr, columns, values, rows, curvature, scale, starts, member, position, gram):
    """Upper triangle of sum over rows of curvature (scale a)(scale a)'; gram (k, k) of zeros is added to.

    One row of the result belongs to one thread, so that no thread needs a matrix of its own. Rows are taken
    from both ends in pairs, because the first of a triangle are the long ones.
    """
    k = scale.size
    for pair in prange((k + 1) // 2):  # type: ignore[attr-defined]
        j = np.int64(pair)
        _gram_row(j, indptr, columns, values, rows, curvature, scale, starts, member, position, gram[j])
        if k - 1 - j != j:
            j = k - 1 - j
            _gram_row(j, indptr, columns, values, rows, curvature, scale, starts, member, position, gram[j])
