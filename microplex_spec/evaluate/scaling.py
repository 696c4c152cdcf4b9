"""Standardisation of columns before distances are taken between rows, learned from training rows alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..crps import signed_log
from ..spec.errors import SpecError
from .inputs import number_table, weight_column


@dataclass(frozen=True)
class Scaling:
    """(x - centre) / spread by column, on the signed-log scale if `log`; made by `fit_scaling`."""

    centre: np.ndarray
    spread: np.ndarray
    log: bool

    def __call__(self, values: Any) -> np.ndarray:
        """The rows (n, p) on the scale of the training rows, float64; SpecError for other columns."""
        table = number_table(values, "rows to scale")
        if table.shape[1] != len(self.centre):
            raise SpecError(f"rows to scale have {table.shape[1]} columns, the training rows {len(self.centre)}")
        return ((signed_log(table) if self.log else table) - self.centre) / self.spread


def fit_scaling(train: Any, weights: Any = None, log: bool = False) -> Scaling:
    """Weighted means and standard deviations of the training rows (n, p), finite; weights (n,), one each where None.

    A column that is constant in training keeps its unit (spread 1), so that rows which depart from it stay apart.
    """
    table = number_table(train, "training rows")
    w = weight_column(weights, len(table))
    table = signed_log(table) if log else table
    # Weights summed in a product err by rounding; a constant must come out with a spread of zero.
    constant = table.min(axis=0) == table.max(axis=0)
    centre = np.where(constant, table[0], w @ table / w.sum())
    spread = np.sqrt(w @ (table - centre) ** 2 / w.sum())
    return Scaling(centre, np.where(spread > 0, spread, 1.0), log)
