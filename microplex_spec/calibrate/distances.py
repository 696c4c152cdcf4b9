"""Distances between weights and initial weights, in the form the dual needs (Deville and Sarndal 1992).

A distance is known by its ratio function F(e) = w / w0 of the linear predictor e = a . lambda, with F(0) = 1
and F'(0) = 1, and by the primitive of F that vanishes at 0, which is what the dual sums. Each is written so
that it neither overflows nor cancels for any e: beyond its bounds a ratio is constant and the primitive goes
on as a straight line, so that value and gradient always belong to the same convex function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

RAKING, LINEAR, LOGIT = 0, 1, 2

# Sums may be reordered for vector instructions, but infinities and NaN keep their meaning.
FAST: Any = {"reassoc", "contract", "arcp", "nsz"}


@njit(inline="always")
def _raking(e, lower, upper):
    if e > np.log(upper):
        return upper, upper * (e - np.log(upper)) + (upper - 1.0)
    if lower > 0.0 and e < np.log(lower):
        return lower, lower * (e - np.log(lower)) + (lower - 1.0)
    rise = np.expm1(e)
    return rise + 1.0, rise


@njit(inline="always")
def _linear(e, lower, upper):
    ratio = min(max(1.0 + e, lower), upper)
    near = ratio - 1.0
    return ratio, near + 0.5 * near * near + ratio * (e - near)


@njit(inline="always")
def _logit(e, lower, upper):
    span = upper - lower
    steep = span / ((1.0 - lower) * (upper - 1.0))
    if e > 0.0:
        fall = np.exp(-steep * e)
        share = (1.0 - lower) / ((upper - 1.0) * fall + (1.0 - lower))
        log_mean = steep * e + np.log1p((upper - 1.0) / span * (fall - 1.0))
    else:
        rise = np.exp(steep * e)
        share = (1.0 - lower) * rise / ((upper - 1.0) + (1.0 - lower) * rise)
        log_mean = np.log1p((1.0 - lower) / span * (rise - 1.0))
    return min(lower + span * share, upper), lower * e + span / steep * log_mean


@njit(inline="always")
def ratio_and_primitive(kind, e, lower, upper):
    """F(e) and its primitive for one record, by the kind of distance."""
    if kind == RAKING:
        return _raking(e, lower, upper)
    if kind == LINEAR:
        return _linear(e, lower, upper)
    return _logit(e, lower, upper)


@njit(cache=True)
def _over(kind, e, lower, upper, ratio, primitive):
    for i in range(e.size):
        ratio[i], primitive[i] = ratio_and_primitive(kind, e[i], lower, upper)


@dataclass(frozen=True)
class Distance:
    """A distance with its bounds on ratios. kind: RAKING, LINEAR or LOGIT."""

    kind: int
    lower: float
    upper: float

    def evaluate(self, e: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """F and its primitive at e, elementwise."""
        e = np.asarray(e, dtype=np.float64)
        ratio, primitive = np.empty_like(e), np.empty_like(e)
        _over(self.kind, e, self.lower, self.upper, ratio, primitive)
        return ratio, primitive

    def slope(self, ratio: np.ndarray) -> np.ndarray:
        """F'(e) where F(e) = ratio; 0 where a bound holds."""
        if self.kind == LOGIT:
            span = self.upper - self.lower
            steep = span / ((1 - self.lower) * (self.upper - 1))
            return steep * (ratio - self.lower) * (self.upper - ratio) / span
        inside = (ratio > self.lower) & (ratio < self.upper)
        return np.where(inside, ratio if self.kind == RAKING else 1.0, 0.0)


def raking(lower: float = 0.0, upper: float = np.inf) -> Distance:
    """Entropy: F(e) = exp(e), held within bounds (case 2 of Deville and Sarndal 1992, truncated)."""
    return Distance(RAKING, lower, upper)


def linear(lower: float = 0.0, upper: float = np.inf) -> Distance:
    """Chi-square, GREG: F(e) = 1 + e, held within bounds (cases 1 and 7 of Deville and Sarndal 1992)."""
    return Distance(LINEAR, lower, upper)


def logit(lower: float, upper: float) -> Distance:
    """Logit: F smooth and strictly between finite bounds (case 6 of Deville and Sarndal 1992)."""
    return Distance(LOGIT, lower, upper)
