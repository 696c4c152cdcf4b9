"""Calibrator `sparse`: a record budget by a sample, drawn by leverage mixed with size and calibrated again."""

from __future__ import annotations

import numpy as np

from ..streams import uniforms
from ._record_budget import MAX_RECORDS, Choice, RecordBudget
from .base import CalibratorCapabilities
from .problem import CalibrationProblem

LEVERAGE_SHARE = 0.7


class Sparse(RecordBudget):
    """Keeps a probability sample of `max_records`, drawn without replacement. Parameters as in `RecordBudget`.

    Leverage keeps the records that few others can stand in for; size keeps the weight of any one record from
    being raised beyond measure. Size alone loses the targets of rare records.
    """

    version = 2
    capabilities = CalibratorCapabilities(bounds=False, seeded=True, zero_weights=True, record_budget=True)

    def __init__(
        self,
        max_records: int = MAX_RECORDS,
        softness: float = 1.0,
        lower: float = 0.1,
        upper: float = 10.0,
        max_iterations: int = 500,
    ):
        super().__init__(max_records, softness, lower, upper, max_iterations)

    def choose(self, problem: CalibrationProblem, weights: np.ndarray, seed: int) -> Choice:
        share = weights / weights.sum()
        leverage = leverages(problem, weights)
        if leverage.sum() > 0:
            share = LEVERAGE_SHARE * leverage / leverage.sum() + (1 - LEVERAGE_SHARE) * share
        chance = inclusion_chances(share, self.max_records)
        rows = systematic_draw(chance, float(uniforms(seed, "calibrate/sparse", np.zeros(1, dtype=np.int64))[0]))
        return Choice(rows, chance[rows])


def leverages(problem: CalibrationProblem, weights: np.ndarray) -> np.ndarray:
    """(n,) leverage of each record in the weighted Gram matrix of the targets, against its diagonal alone."""
    from . import _dual_kernel as kernel

    matrix = problem.matrix
    csr = (matrix.indptr.astype(np.int64), matrix.indices, matrix.data)
    edges = kernel.chunk_edges(csr[0])
    totals = np.empty((kernel.CHUNKS, matrix.shape[1]))
    kernel.diagonal_pass(*csr, weights, edges, totals)
    leverage = np.empty(matrix.shape[0])
    kernel.leverage_pass(*csr, weights, edges, 1 / totals.sum(axis=0), leverage)
    return leverage


def inclusion_chances(size: np.ndarray, number: int) -> np.ndarray:
    """(n,) chances proportional to size, at most 1, that sum to `number`; where size is 0, 0.

    size: (n,) at least 0, more than `number` of them positive.
    """
    chance = np.zeros(size.size)
    open_ = np.flatnonzero(size > 0)
    left = number
    while True:
        share = size[open_] * (left / size[open_].sum())
        certain = share >= 1
        if not certain.any():
            chance[open_] = share
            return chance
        chance[open_[certain]] = 1.0
        left -= int(np.count_nonzero(certain))
        open_ = open_[~certain]
        if left == 0 or not open_.size:
            return chance


def systematic_draw(chance: np.ndarray, start: float) -> np.ndarray:
    """Rows of a draw of fixed size without replacement, each with its chance (systematic sampling, Madow 1949).

    Along the order of the file, in which neighbours are alike: that spreads the sample over states and kinds.
    chance: (n,) that sum to a whole number. start: a uniform in [0, 1).
    """
    drawn = chance >= 1
    open_ = np.flatnonzero((chance > 0) & ~drawn)
    if open_.size:
        reached = np.cumsum(chance[open_])
        number = round(float(reached[-1]))
        reached[-1] = number
        marks = np.minimum(np.floor(reached + start), number)
        drawn[open_[np.diff(marks, prepend=0.0) > 0]] = True
    return np.flatnonzero(drawn)
