"""Continuous ranked probability score of draws, in its energy form, by sorting: E|X - y| - E|X - X'| / 2."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..crps import fair_crps, signed_log
from ..spec.errors import Problem, SpecError
from .inputs import number_column, number_table, weight_column


def crps_of_draws(observed: Any, draws: Any, weights: Any = None, log: bool = True) -> float:
    """Weighted mean CRPS of several draws for each observed value: 0 is best; in units of the values, or of their log.

    The fair form of `fair_crps`: it may fall below zero by chance.

    observed: (n,); draws: (n, m), row i drawn for value i, m at least 2; weights: (n,), one each where None. log: on
    the scale sign(x) ln(1 + |x|). Raises SpecError for values that are not finite, one draw, and shapes that differ.
    """
    y = number_column(observed, "observed values")
    x = number_table(draws, "draws")
    w = weight_column(weights, len(y))
    if x.shape[0] != len(y) or x.shape[1] < 2:
        hint = "give one row an observed value and at least two draws in each"
        raise SpecError(Problem(f"draws have shape {x.shape} for {len(y):,} observed values", hint=hint))
    if log:
        y, x = signed_log(y), signed_log(x)
    return float(np.average(fair_crps(y, x), weights=w))


def crps_of_sample(
    observed: Any, sample: Any, sample_weights: Any = None, weights: Any = None, log: bool = True
) -> float:
    """Weighted mean CRPS of one weighted sample, taken as the distribution of every observed value.

    observed: (n,), weights: (n,); sample: (m,), sample_weights: (m,). Time grows as (n + m) ln m, memory as n + m.
    log and errors as in `crps_of_draws`; the sample is a distribution here, so there is no correction for its size.
    """
    y = number_column(observed, "observed values")
    x = number_column(sample, "sample")
    w = weight_column(weights, len(y))
    share = weight_column(sample_weights, len(x), "sample weights")
    if log:
        y, x = signed_log(y), signed_log(x)
    order = np.argsort(x, kind="stable")
    x, share = x[order], share[order] / share.sum()
    below = np.concatenate([[0.0], np.cumsum(share)])
    mass = np.concatenate([[0.0], np.cumsum(share * x)])
    at = np.searchsorted(x, y, side="right")
    error = y * (below[at] - (below[-1] - below[at])) + mass[-1] - 2.0 * mass[at]
    half_spread = np.diff(x) @ (below[1:-1] * (1.0 - below[1:-1]))
    return float(np.average(error, weights=w) - half_spread)
