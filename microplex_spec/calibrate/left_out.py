"""A calibration without some of its targets, from the dual solution with them: the cheap way to hold targets out.

Targets left out take their multipliers with them, and the weights lose what these did at once: the multipliers of
the others, which balanced them, then point nowhere. So the others first take it over as far as they can. With A the
kept and B the left-out columns, C the curvature of the distance at the weights found, and m the multipliers,

    start = m_A + (A' C A + Sigma^2)^-1 A' C B m_B,

which is the Newton step of the smaller problem from the weights of the whole one. From there, or from zeros where the
dual is lower at these, the descent of `dual` goes on until the mean target is a small part of its tolerance from
stationary, or for a share of the iterations that the whole problem took: the error of targets held out settles long
before the weights do.
"""

from __future__ import annotations

import numpy as np

from ._descent import minimise
from ._dual_backend import DualCalibrator
from .dual import Dual, _threads
from .parts import columns_of, part_of, row_sums
from .problem import CalibrationProblem, CalibrationResult, weighted_sums

CLOSE = 0.03
"""Mean gradient, in units of tolerances, at which a smaller problem counts as solved."""
FINEST = 1e-3
"""Relative tolerance below which no target need be nearer to its figure for others to be judged."""
SHARE_OF_ITERATIONS = 0.3
FEWEST_ITERATIONS = 10
SOFTENED = 2.0
"""By how much the median target must be softer than asked for, to take the softness found for the one meant."""


def solve_without(
    calibrator: DualCalibrator, problem: CalibrationProblem, kept: np.ndarray, whole: CalibrationResult, seed: int
) -> np.ndarray:
    """(n,) weights that nearly meet the targets of the mask `kept` (k,) alone. whole: the solution with all of them."""
    lower, upper = problem.bounds or calibrator.ratio_bounds()
    distance = calibrator.distance(lower, upper)
    part, w0 = part_of(problem, kept), problem.initial_weights
    # A trial step may overflow; the line search refuses it.
    with _threads(part.matrix.nnz), np.errstate(over="ignore", invalid="ignore"):
        dual = Dual(part, distance, seed)
        dual.variance = _variance(problem, calibrator.softness, whole)[kept]
        dual.weights[:] = whole.weights
        inverse_hessian = dual.precondition()
        ratios = np.divide(whole.weights, w0, out=np.ones_like(w0), where=w0 > 0)
        lost = row_sums(columns_of(problem.matrix, np.flatnonzero(~kept)), whole.multipliers[~kept])
        missed = weighted_sums(part.matrix, w0 * distance.slope(ratios) * lost)
        taken_over = whole.multipliers[kept] + inverse_hessian(missed)
        starts = [taken_over, np.zeros(part.targets.size)]
        values = [dual.evaluate(start)[0] for start in starts]
        close = CLOSE * np.maximum(np.asarray(part.tolerance), FINEST) * part.scale
        iterations = max(FEWEST_ITERATIONS, round(SHARE_OF_ITERATIONS * whole.iterations))
        found = minimise(
            dual.evaluate,
            dual.precondition,
            lambda gradient: float((np.abs(gradient) / close).mean()),
            starts[int(np.argmin(np.nan_to_num(values, nan=np.inf)))],
            iterations,
            iterations,
            dual.renewal,
        )
        dual.evaluate(found.point)
    return dual.weights


def _variance(problem: CalibrationProblem, softness: float, whole: CalibrationResult) -> np.ndarray:
    """(k,) variances of the soft targets: as asked for, or as found where contradictions left no harder solution.

    At a stationary point the error left is minus the variance times the multiplier.
    """
    unit = np.sqrt(problem.targets.size / problem.initial_weights.sum()) * problem.scale
    asked = (softness * np.asarray(problem.tolerance) * unit) ** 2
    left = problem.targets - whole.estimates
    found = np.divide(left, whole.multipliers, out=np.zeros_like(left), where=whole.multipliers != 0)
    softened = np.median(found / unit**2) > SOFTENED * np.median(asked / unit**2)
    return np.maximum(asked, np.minimum(found, unit**2)) if softened else asked
