"""The dual solver behind `entropy`, `chi2` and `logit`: one convex function of one multiplier a target.

Weights minimise, over ratios w / w0 within bounds,

    mean over records, weighted by w0, of distance(w / w0)
    + 1/2 mean over targets of (relative error / (softness * tolerance))^2

so a target of twice the tolerance is twice as soft, and with softness 1 a fit in which every target is off
by its tolerance costs as much as ratios that scatter by 1. The dual (Deville and Sarndal 1992; soft targets
as in ridge calibration, Chambers 1996) is sum w0 Phi(A m) - t.m + 1/2 sum sigma_j^2 m_j^2, with
sigma_j = softness tolerance_j |t_j| sqrt(k / sum w0); its gradient is the error left, plus sigma_j^2 m_j.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numba import get_num_threads, set_num_threads
from scipy.linalg import cho_solve, cholesky
from threadpoolctl import threadpool_limits

from ..streams import uniforms
from . import _dual_kernel as kernel
from ._descent import Descent, Precondition, minimise
from .distances import Distance
from .problem import BLOCK_NONZEROS, EXACT, CalibrationProblem, CalibrationResult, release

EXACT_GRAM_PRODUCTS = 4e8
"""Products up to which the Gram matrix is summed over all records; above, over a sample of them."""
SAMPLE_RECORDS = (12_000, 48_000)
LARGEST_FACTOR = 12_000
"""Targets above which only the diagonal of the Hessian is used: a factor takes 8 k^2 bytes."""
RIDGE = 1e-6
SMALLEST_CURVATURE = 1e-9
SMALL_MATRIX = 100_000
"""Stored values up to which a pass takes less time than waking a second thread."""
FIRST_LEVEL, LEVEL_FALL = 0.3, 0.3
PATIENCE_DIRECT, PATIENCE_LEVEL = 10, 60


class Dual:
    """The dual function of a problem, with work arrays that its evaluations share.

    `weights` (n,) and `estimates` (k,) are those of the last evaluation; `variance` (k,) is sigma^2 of soft targets.
    """

    def __init__(self, problem: CalibrationProblem, distance: Distance, seed: int):
        matrix = problem.matrix
        n, k = matrix.shape
        self.csr = (matrix.indptr.astype(np.int64), _compact(matrix.indices, k), matrix.data)
        self.targets, self.w0, self.distance, self.seed = (
            problem.targets,
            problem.initial_weights,
            distance,
            seed,
        )
        self.edges = kernel.chunk_edges(self.csr[0])
        self.products = float((np.diff(self.csr[0]).astype(np.float64) ** 2).sum() / 2)
        self.totals = np.empty((kernel.CHUNKS, k))
        self.primitives = np.empty(kernel.CHUNKS)
        self.weights = np.empty(n)
        self.estimates = np.empty(k)
        self.variance = np.zeros(k)
        self.initial_diagonal = self._diagonal(self.w0)
        self.renewals = 0
        self.renewal = self._renewal()

    def evaluate(self, multipliers: np.ndarray) -> tuple[float, np.ndarray, float]:
        """Value, gradient (k,), and the size of the terms of the value."""
        d = self.distance
        kernel.dual_pass(
            *self.csr, self.w0, self.edges, multipliers,
            d.kind, d.lower, d.upper, self.weights, self.totals, self.primitives,
        )  # fmt: skip
        self.estimates = self.totals.sum(axis=0)
        fitted = multipliers * self.targets
        ridge = self.variance * multipliers
        value = self.primitives.sum() - fitted.sum() + 0.5 * (ridge @ multipliers)
        size = np.abs(self.primitives).sum() + np.abs(fitted).sum()
        return float(value), self.estimates - self.targets + ridge, float(size)

    def precondition(self) -> Precondition:
        """Inverse Hessian at the last evaluation, from the Cholesky factor of a Gram matrix scaled to 1.

        The ridge keeps collinear and duplicate targets apart from singularity; it does not move the solution.
        """
        curvature = self.w0 * self.distance.slope(
            np.divide(self.weights, self.w0, out=np.ones_like(self.w0), where=self.w0 > 0)
        )
        diagonal = self._diagonal(curvature) + self.variance
        np.maximum(diagonal, SMALLEST_CURVATURE * self.initial_diagonal, out=diagonal)
        k = diagonal.size
        if k > LARGEST_FACTOR:
            return lambda gradient: gradient / diagonal
        scale = 1 / np.sqrt(diagonal)
        rows, curvature = self._sample(curvature, diagonal)
        gram = np.zeros((k, k))
        starts, member, position = kernel.by_column(self.csr[0], self.csr[1], rows, k)
        kernel.gram_pass(*self.csr, rows, curvature, scale, starts, member, position, gram)
        gram[np.diag_indices(k)] += RIDGE + self.variance * scale**2
        factor = cholesky(gram.T, lower=True, overwrite_a=True, check_finite=False)
        return lambda gradient: scale * cho_solve((factor, True), scale * gradient, check_finite=False)

    def _renewal(self) -> float:
        """What a new preconditioner costs, in iterations, by operations counted at what each takes."""
        nonzeros, k = float(self.csr[0][-1]), float(self.targets.size)
        gram = 4.0 * min(self.products, EXACT_GRAM_PRODUCTS) + 0.02 * k**3 / 3 + 6.0 * nonzeros
        return gram / (2.0 * nonzeros + 1.1 * k**2)

    def _diagonal(self, curvature: np.ndarray) -> np.ndarray:
        kernel.diagonal_pass(*self.csr, curvature, self.edges, self.totals)
        return self.totals.sum(axis=0)

    def _sample(self, curvature: np.ndarray, diagonal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows to sum the Gram matrix over, with curvature raised by the inverse chance of a row.

        Poisson sampling by leverage, mixed with a uniform share so that no chance is tiny.
        """
        self.renewals += 1
        live = curvature > 0
        if self.products <= EXACT_GRAM_PRODUCTS or not live.any():
            return np.flatnonzero(live), curvature[live]
        n = curvature.size
        size = float(np.clip(n * EXACT_GRAM_PRODUCTS / self.products, *SAMPLE_RECORDS))
        leverage = np.empty(n)
        kernel.leverage_pass(*self.csr, curvature, self.edges, 1 / diagonal, leverage)
        chance = np.minimum(1.0, size * (0.7 * leverage / leverage.sum() + 0.3 * live / live.sum()))
        draws = uniforms(self.seed, f"calibrate/gram/{self.renewals}", np.arange(n))
        rows = np.flatnonzero(draws < chance)
        return rows, curvature[rows] / chance[rows]


def _compact(indices: np.ndarray, k: int) -> np.ndarray:
    """Column numbers in two bytes where they fit: half the memory to stream; a block at a time, if from disk."""
    columns = np.empty(indices.size, np.uint16 if k <= 1 << 16 else np.int32)
    for first in range(0, indices.size, BLOCK_NONZEROS):
        columns[first : first + BLOCK_NONZEROS] = indices[first : first + BLOCK_NONZEROS]
        release(indices)
    return columns


def solve_dual(
    problem: CalibrationProblem,
    distance: Distance,
    *,
    softness: float = 1.0,
    seed: int = 0,
    start: np.ndarray | None = None,
    max_iterations: int = 500,
) -> CalibrationResult:
    """Solve by whitened L-BFGS; where that stalls, by continuation from soft targets to harder ones.

    A descent ends where every component of the gradient is below a hundredth of its target's tolerance (half
    the tolerance of exact targets). If even continuation cannot reach the softness asked for, because
    targets contradict one another or the bounds, the weights of the hardest level solved are returned, and
    the reason says so. Linear algebra runs on one thread: more would change its bytes, and gain little.
    start: (k,) multipliers to begin at, if the dual is lower there than at zeros.
    """
    began = time.perf_counter()
    k = problem.targets.size
    starts = [np.zeros(k)]
    if start is not None:
        starts.insert(0, np.array(start, dtype=np.float64))
        if starts[0].shape != (k,) or not np.isfinite(starts[0]).all():
            raise ValueError(f"start has shape {starts[0].shape} or is not finite; the problem has {k} targets")
    # A trial step may overflow; the line search refuses it.
    with _threads(problem.matrix.nnz), np.errstate(over="ignore", invalid="ignore"):
        dual = Dual(problem, distance, seed)
        descent, level = _descend(dual, problem, softness, starts, max_iterations)
        dual.evaluate(descent.point)
    return problem.judge(
        dual.weights,
        iterations=descent.iterations,
        ended=_ending(problem, descent, level, max_iterations),
        multipliers=descent.point,
        seconds=time.perf_counter() - began,
        bounds=(distance.lower, distance.upper),
        estimates=dual.estimates,
    )


@contextmanager
def _threads(nonzeros: int) -> Iterator[None]:
    """One thread for linear algebra, and for the passes over a small matrix."""
    allowed = get_num_threads()
    set_num_threads(1 if nonzeros <= SMALL_MATRIX else allowed)
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        set_num_threads(allowed)


def _descend(
    dual: Dual, problem: CalibrationProblem, softness: float, starts: list[np.ndarray], max_iterations: int
) -> tuple[Descent, float | None]:
    """The descent, and the level of softness it solved: 0 the one asked for, None none at all.

    starts: multipliers to choose from, by the value of the dual there.
    """
    scale, tolerance = problem.scale, np.asarray(problem.tolerance)
    asked = softness * tolerance
    closeness = np.maximum(tolerance / 100, np.minimum(tolerance, EXACT) / 2) * scale
    unit = np.sqrt(tolerance.size / problem.initial_weights.sum())
    left = max_iterations

    def at_level(level: float, point: np.ndarray, patience: int) -> Descent:
        nonlocal left
        close = np.maximum(closeness, level / 10 * scale)
        descent = minimise(
            dual.evaluate,
            dual.precondition,
            lambda g: float((np.abs(g) / close).max()),
            point,
            left,
            patience,
            dual.renewal,
        )
        left -= descent.iterations
        return descent

    def soften(level: float) -> None:
        dual.variance = (np.maximum(asked, level) * scale * unit) ** 2

    # The ridge is left out of the choice: a step or two removes it where it alone makes a start dear.
    point = _lowest(dual, starts)
    soften(0.0)
    descent = direct = at_level(0.0, point, PATIENCE_DIRECT)
    if direct.stationary:
        return direct, 0.0
    soften(FIRST_LEVEL)
    point, solved, level = _lowest(dual, [*starts, direct.point]), None, FIRST_LEVEL
    while left > 0:
        level = level if level > asked.min() else 0.0
        soften(level)
        descent = at_level(level, point, PATIENCE_LEVEL)
        if not descent.stationary:
            break
        point, solved = descent.point, level
        if level == 0.0:
            break
        level *= LEVEL_FALL
    best = direct.point if solved is None else point
    return Descent(best, max_iterations - left, descent.stationary), solved


def _lowest(dual: Dual, points: list[np.ndarray]) -> np.ndarray:
    """The one of some points at which the dual is lowest."""
    if len(points) == 1:
        return points[0]
    values = np.array([dual.evaluate(point)[0] for point in points])
    return points[int(np.argmin(np.where(np.isnan(values), np.inf, values)))]


def _ending(problem: CalibrationProblem, descent: Descent, level: float | None, cap: int) -> str:
    soft = bool((np.asarray(problem.tolerance) > EXACT).any())
    if level == 0.0:
        kind = "stationary point of the soft problem" if soft else "stationary point"
        return f"{kind} reached in {descent.iterations} iterations"
    spent = "at the cap on" if descent.iterations >= cap else "after"
    if level is None:
        return f"no stationary point found, {spent} {descent.iterations} iterations"
    return (
        f"targets contradict one another or the bounds: solved with every target softened to at least "
        f"{level:.2g} relative, no harder, {spent} {descent.iterations} iterations"
    )
