"""Calibrator `hardconcrete`: a record budget by learned gates (L0 regularisation, Louizos, Welling and Kingma 2018)."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..spec.errors import SpecError
from ..streams import uniforms
from ._record_budget import MAX_RECORDS, Choice, RecordBudget, positive_whole
from .base import CalibrationShape, CalibratorCapabilities
from .problem import CalibrationProblem

EPOCHS = 300
FIRST_LOG_ALPHA = 2.0
FALL = 0.5
"""Share of the epochs in which the expected number of open gates is led down to the budget."""
GAIN = 0.2
FIRST_PENALTY = 1e-3
"""Times one over the records: small beside the errors that random gates cause."""
LARGEST_LOG_PENALTY_STEP = 0.5


class HardConcrete(RecordBudget):
    """Keeps the `max_records` records whose gates are likeliest to be open. Parameters as in `RecordBudget`.

    Gates and weights are learned together to lower the mean squared relative error of the targets, with a penalty
    on the expected number of open gates that is steered until this number meets the budget. The penalty chooses
    records and nothing else: the refit knows none.
    epochs: passes of Adam. learning_rate: of the logarithms of gates and weights.
    """

    version = 2
    capabilities = CalibratorCapabilities(bounds=False, seeded=True, zero_weights=True, record_budget=True)

    def __init__(
        self,
        max_records: int = MAX_RECORDS,
        epochs: int = EPOCHS,
        learning_rate: float = 0.05,
        softness: float = 1.0,
        lower: float = 0.1,
        upper: float = 10.0,
        max_iterations: int = 500,
    ):
        super().__init__(max_records, softness, lower, upper, max_iterations)
        self.epochs = positive_whole("epochs", epochs)
        real = isinstance(learning_rate, numbers.Real) and not isinstance(learning_rate, bool)
        if not real or not 0 < learning_rate < np.inf:
            raise SpecError(f"calibrator parameter 'learning_rate' is {learning_rate!r}; it must be a number above 0")
        self.learning_rate = float(learning_rate)

    def choose(self, problem: CalibrationProblem, weights: np.ndarray, seed: int) -> Choice:
        log_alpha = learn_gates(problem, weights, self.max_records, self.epochs, self.learning_rate, seed)
        log_alpha[weights == 0] = -np.inf
        rows = np.sort(np.argsort(-log_alpha, kind="stable")[: self.max_records])
        return Choice(rows, np.full(rows.size, weights[rows].sum() / weights.sum()))

    @classmethod
    def choice_work(cls, shape: CalibrationShape, params: Mapping[str, Any]) -> dict[str, float]:
        epochs = int(params.get("epochs", EPOCHS))
        return {"gates.nonzeros": epochs * shape.nonzeros, "gates.records": epochs * shape.records}


def learn_gates(
    problem: CalibrationProblem, weights: np.ndarray, number: int, epochs: int, rate: float, seed: int
) -> np.ndarray:
    """(n,) log alpha of the gates, rising with the chance that a gate is open, when about `number` are expected to be.

    weights: (n,) that meet the targets with every record; 0 for a record that has no gate. At first all gates are
    open with the same chance and weights are raised by what gates take away. The penalty follows the expected number
    of open gates along a geometric fall from there to `number`.
    """
    from . import _gates_kernel as kernel
    from ._dual_kernel import chunk_edges

    matrix = problem.matrix
    n, k = matrix.shape
    csr = (matrix.indptr.astype(np.int64), matrix.indices, matrix.data)
    edges = chunk_edges(csr[0])
    log_alpha, log_ratio = np.full(n, FIRST_LOG_ALPHA), np.zeros(n)
    gate, slope, moments = np.empty(n), np.empty(n), np.zeros((4, n))
    totals, support = np.empty((kernel.CHUNKS, k)), np.empty(kernel.CHUNKS)
    ids, live = np.arange(n), int(np.count_nonzero(weights))
    first, penalty = 0.0, FIRST_PENALTY / live
    for epoch in range(1, epochs + 1):
        draws = uniforms(seed, f"calibrate/hardconcrete/{epoch}", ids)
        kernel.open_gates(*csr, weights, edges, log_alpha, log_ratio, draws, gate, slope, totals, support)
        expected = float(support.sum())
        if epoch == 1:
            first, raised = expected, live / gate.sum()
            log_ratio += np.log(raised)
            totals *= raised
        errors = (totals.sum(axis=0) - problem.targets) / problem.scale
        pull = 2 / k * errors / problem.scale
        fall = min(1.0, epoch / (FALL * epochs))
        excess = np.log(expected / (first * (number / first) ** fall))
        penalty *= float(np.exp(np.clip(GAIN * excess, -LARGEST_LOG_PENALTY_STEP, LARGEST_LOG_PENALTY_STEP)))
        corrections = (1 / (1 - kernel.FIRST_DECAY**epoch), 1 / (1 - kernel.SECOND_DECAY**epoch))
        kernel.step_gates(
            *csr, weights, edges, pull, penalty, rate, corrections, log_alpha, log_ratio, gate, slope, moments
        )
    return log_alpha
