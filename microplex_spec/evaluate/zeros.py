"""Zero rates: the share of exact zeros in a column, and how far synthetic columns are from the real ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from .inputs import number_table, table_pair, weight_column


def zero_rates(values: Any, weights: Any = None) -> np.ndarray:
    """Weighted share of exact zeros in each column, (p,).

    Zero is zero, never "the minimum": a column whose least value is 1,000 has a rate of 0, and one with losses counts
    its zeros all the same. values: (n, p) finite; weights: (n,), one each where None. Raises SpecError.
    """
    table = number_table(values, "rows")
    return _rates(table, weight_column(weights, len(table)))


def zero_rate_error(real: Any, synthetic: Any, real_weights: Any = None, synthetic_weights: Any = None) -> float:
    """Mean over columns of the absolute difference between real and synthetic zero rates, 0..1.

    real: (n, p), synthetic: (m, p); the weights (n,) and (m,). Raises SpecError where the columns differ.
    """
    real, synthetic = table_pair(real, synthetic)
    first = _rates(real, weight_column(real_weights, len(real), "real weights"))
    second = _rates(synthetic, weight_column(synthetic_weights, len(synthetic), "synthetic weights"))
    return float(np.abs(first - second).mean())


def _rates(table: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return weights @ (table == 0) / weights.sum()
