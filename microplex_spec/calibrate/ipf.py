"""Calibrator `ipf`: iterative proportional fitting over categorical margins (Deming and Stephan 1940)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..spec.cost import shipped_costs
from ..spec.errors import Problem, Problems, SpecError
from .base import CalibrationShape, Calibrator, CalibratorCapabilities, Cost
from .problem import EXACT, CalibrationProblem, CalibrationResult

PATIENCE = 20
"""Sweeps without progress after which margins are taken to contradict one another."""
PROGRESS = 0.999
TYPICAL_SWEEPS = 30


class Ipf(Calibrator):
    """Classic raking: each margin in turn scales the weights of its records to its target, until all are met.

    Counts of records alone: every value of the matrix must be 1, every target above zero. Margins that contradict one
    another make it cycle; it then stops, and the reason says so. max_sweeps: cap on passes over all margins.
    """

    version = 1
    capabilities = CalibratorCapabilities(
        linear=False, signed_targets=False, zero_targets=False, bounds=False, soft=False, margins_only=True
    )

    def __init__(self, max_sweeps: int = 1000):
        if isinstance(max_sweeps, bool) or not isinstance(max_sweeps, int) or max_sweeps < 1:
            hint = "it must be a whole number from 1"
            raise SpecError(Problem(f"calibrator parameter 'max_sweeps' is {max_sweeps!r}", hint=hint))
        self.max_sweeps = max_sweeps

    @classmethod
    def libraries(cls) -> dict[str, str]:
        return {name: version for name, version in super().libraries().items() if name != "numba"}

    @classmethod
    def predict_cost(cls, shape: CalibrationShape, params: Mapping[str, Any]) -> Cost:
        updates = TYPICAL_SWEEPS * shape.nonzeros
        return shipped_costs().price(
            {"ipf.updates": updates, "ipf.nonzeros": shape.nonzeros, "ipf.records": shape.records}
        )

    def solve(self, problem: CalibrationProblem, seed: int = 0, start: np.ndarray | None = None) -> CalibrationResult:
        began = time.perf_counter()
        _check_margins(problem)
        columns = problem.matrix.tocsc()
        members = np.split(columns.indices, columns.indptr[1:-1])
        found = rake(problem.initial_weights, members, problem.targets, problem.tolerance, self.max_sweeps)
        weights, sweeps, ended = found
        return problem.judge(weights, iterations=sweeps, ended=ended, seconds=time.perf_counter() - began)


def rake(
    initial: np.ndarray, members: list[np.ndarray], targets: np.ndarray, tolerance: Any, max_sweeps: int
) -> tuple[np.ndarray, int, str]:
    """Weights (n,), the sweeps that they took, and how it ended. members: by margin, the rows of its records.

    Every margin must hold a record of positive weight, every target be positive.
    """
    weights = initial.astype(np.float64, copy=True)
    close = np.minimum(np.broadcast_to(tolerance, targets.shape), EXACT) / 2
    least, since = np.inf, 0
    for sweep in range(1, max_sweeps + 1):
        for rows, target in zip(members, targets, strict=True):
            weights[rows] *= target / weights[rows].sum()
        left = max(
            abs(weights[rows].sum() / target - 1) / own
            for rows, target, own in zip(members, targets, close, strict=True)
        )
        if left <= 1.0:
            return weights, sweep, f"all margins met in {sweep} sweeps"
        least, since = (left, 0) if left < PROGRESS * least else (least, since + 1)
        if since >= PATIENCE:
            return weights, sweep, f"the margins contradict one another: no progress after {sweep} sweeps"
    return weights, max_sweeps, f"stopped at the cap on {max_sweeps} sweeps"


def _check_margins(problem: CalibrationProblem) -> None:
    problems, matrix = Problems(), problem.matrix
    if problem.bounds is not None:
        problems.add("calibrator 'ipf' keeps no bounds of weight ratios", hint="logit, entropy and chi2 do")
    odd = np.unique(matrix.indices[matrix.data != 1])
    for j in odd:
        problems.add(
            f"target {problem.name(j)!r} is no margin: its records have values other than 1",
            hint="ipf counts records; logit, entropy and chi2 take amounts",
        )
    for j in np.flatnonzero(problem.targets <= 0):
        problems.add(f"target {problem.name(j)!r} is {problem.targets[j]:g}", hint="ipf rakes to margins above zero")
    problems.raise_if_any()
