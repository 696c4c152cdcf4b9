"""Continuous ranked probability score of draws, row by row, and the scale of amounts on which it is mostly taken.

Plain array functions that stand above the organs: imputation chooses by what evaluation reports.
"""

from __future__ import annotations

import numpy as np


def signed_log(values: np.ndarray) -> np.ndarray:
    """sign(x) ln(1 + |x|): keeps sign, zero and order, and brings incomes from 1 to 1e9 within a factor of thirty."""
    return np.copysign(np.log1p(np.abs(values)), values)


def fair_crps(observed: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """E|X - y| - E|X - X'| / 2 of each row (n,), in the units of the values; draws (n, m) of observed (n,), m > 1.

    X and X' are different draws (the fair form: Ferro 2014), so that its expectation is the score of the distribution
    drawn from, however few the draws; by chance it may fall below zero. Energy form: Gneiting and Raftery (2007).
    """
    m = draws.shape[1]
    error = np.abs(draws - observed[:, None]).mean(axis=1)
    # The j-th smallest of m draws stands above j others and below m - 1 - j.
    return error - np.sort(draws, axis=1) @ (2.0 * np.arange(m) - (m - 1)) / (m * (m - 1))
