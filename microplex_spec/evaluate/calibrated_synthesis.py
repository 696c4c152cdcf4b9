"""Calibration on synthetic records: how near their weights can be brought to the totals of the real ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from ..spec.errors import SpecError
from .fit import relative_errors
from .inputs import number_column, table_pair, weight_column

type Solve = Callable[[sparse.csr_array, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class CalibratedSynthesis:
    """Relative errors (k,) of synthetic totals before and after calibration, NaN for targets of zero.

    unsupported: targets other than zero to which no synthetic record contributes, so that no weights could meet them.
    ess_share: effective share of the synthetic records after calibration (Kish 1965).
    """

    before: np.ndarray
    after: np.ndarray
    weights: np.ndarray
    unsupported: int

    @property
    def error_before(self) -> float:
        """Mean absolute relative error over the targets that are not zero."""
        return float(np.nanmean(np.abs(self.before)))

    @property
    def error_after(self) -> float:
        return float(np.nanmean(np.abs(self.after)))

    @property
    def ess_share(self) -> float:
        return float(self.weights.sum() ** 2 / (self.weights @ self.weights) / len(self.weights))


def calibrate_synthesis(
    real: Any, synthetic: Any, solve: Solve, real_weights: Any = None, synthetic_weights: Any = None
) -> CalibratedSynthesis:
    """Calibrate synthetic records to the weighted totals of the real ones, and tell the errors before and after.

    real: (n, k), synthetic: (m, k), what a record adds to each target: an amount, or 1 within a cell. The weights
    (n,) and (m,), one each where None; the synthetic ones are first scaled to the sum of the real ones, so that size
    counts as no error. solve(matrix (m, k) CSR, targets (k,), weights (m,)) -> new weights (m,), any calibrator.
    Targets of zero are left out of the solve. Raises SpecError for values that are not finite, columns that differ,
    and where every target is zero; a solver's own errors pass through.
    """
    real, synthetic = table_pair(real, synthetic)
    w = weight_column(real_weights, len(real), "real weights")
    initial = weight_column(synthetic_weights, len(synthetic), "synthetic weights")
    initial = initial * (w.sum() / initial.sum())
    targets = w @ real
    told = targets != 0
    if not told.any():
        raise SpecError("every real total is zero: there is nothing to calibrate to")
    problem = synthetic[:, told]
    weights = number_column(
        solve(sparse.csr_array(problem), targets[told], initial), "calibrated weights", len(synthetic)
    )
    return CalibratedSynthesis(
        before=relative_errors(initial @ synthetic, targets),
        after=relative_errors(weights @ synthetic, targets),
        weights=weights,
        unsupported=int((~problem.any(axis=0)).sum()),
    )
