"""Parts of a calibration problem: some of its targets over the same records, and sums along its records."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from .problem import CalibrationProblem

BLOCK_NONZEROS = 1 << 22


def columns_of(matrix: Any, columns: np.ndarray) -> Any:
    """Some columns of a CSR matrix in a given order; the matrix itself, not a copy, where these are all of them."""
    if np.array_equal(columns, np.arange(matrix.shape[1])):
        return matrix
    return matrix[:, columns]


def row_sums(matrix: Any, factors: np.ndarray, absolute: bool = False) -> np.ndarray:
    """(n,) sums along the rows of a CSR matrix, each column times its factor, in float64, of |a_ij| if `absolute`."""
    from scipy.sparse import csr_array

    total = np.empty(matrix.shape[0])
    cuts = np.searchsorted(matrix.indptr, np.arange(BLOCK_NONZEROS, matrix.indptr[-1], BLOCK_NONZEROS))
    for start, stop in pairwise(np.unique(np.concatenate([[0], cuts, [matrix.shape[0]]]))):
        first, last = matrix.indptr[start], matrix.indptr[stop]
        values = matrix.data[first:last].astype(np.float64)
        if absolute:
            np.abs(values, out=values)
        pointers = matrix.indptr[start : stop + 1] - first
        block = csr_array((values, matrix.indices[first:last], pointers), shape=(stop - start, matrix.shape[1]))
        total[start:stop] = block @ factors
    return total


def part_of(
    problem: CalibrationProblem, kept: np.ndarray, initial_weights: np.ndarray | None = None
) -> CalibrationProblem:
    """The problem with the targets of a mask (k,) alone, from other initial weights (n,) where these are given."""
    if kept.all() and initial_weights is None:
        return problem
    chosen = np.flatnonzero(kept)
    return CalibrationProblem(
        columns_of(problem.matrix, chosen),
        problem.targets[chosen],
        problem.initial_weights if initial_weights is None else initial_weights,
        tolerance=np.asarray(problem.tolerance)[chosen],
        bounds=problem.bounds,
        names=[problem.name(j) for j in chosen],
        relative_to=np.asarray(problem.relative_to)[chosen],
        domains=None if problem.domains is None else columns_of(problem.domains, chosen),
    )
