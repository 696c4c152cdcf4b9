"""Preconditioned L-BFGS for a smooth convex function, with a preconditioner that is renewed on the way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

MEMORY = 20
YOUNGEST = 6
"""Iterations that a preconditioner is used for at least."""
ARMIJO = 1e-4
TRIALS = 30
ROUNDING = 1e-13
PROGRESS = 0.8

Evaluate = Callable[[np.ndarray], tuple[float, np.ndarray, float]]
Precondition = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Descent:
    """Where a descent ended: its point, the iterations it took, and whether the point is stationary."""

    point: np.ndarray
    iterations: int
    stationary: bool


def minimise(
    evaluate: Evaluate,
    renew: Callable[[], Precondition],
    remaining: Callable[[np.ndarray], float],
    start: np.ndarray,
    max_iterations: int,
    patience: int,
    renewal: float,
) -> Descent:
    """Minimise by L-BFGS over a preconditioner in place of a scaled identity (Nocedal and Wright 2006, 7.2).

    evaluate: point -> (value, gradient, size of the terms that the value sums, which bounds its rounding).
    renew: -> the inverse Hessian, roughly, at the point evaluated last.
    remaining: gradient -> a figure that is at most 1 at a stationary point. The descent gives up, and returns
        the point where the figure was least, after `patience` iterations that did not lower it by a fifth.
    renewal: what a renewal costs, in iterations; it is made where going on as since the last would cost twice that.
    """
    point = start
    value, gradient, size = evaluate(point)
    precondition, age = renew(), 0
    pairs: deque[tuple[np.ndarray, np.ndarray, float]] = deque(maxlen=MEMORY)
    least, best, best_at = remaining(gradient), point, 0
    left = renewed_at = least
    if least <= 1.0:
        return Descent(point, 0, True)
    for iteration in range(1, max_iterations + 1):
        if age >= YOUNGEST and np.log(left) * age > 2 * renewal * np.log(renewed_at / left):
            precondition, age, renewed_at = renew(), 0, left
        direction = -_inverse_hessian_times(gradient, pairs, precondition)
        found = _line_search(evaluate, point, direction, value, gradient, size)
        if found is None:
            if not pairs and age == 0:
                break
            pairs.clear()
            value, gradient, size = evaluate(point)
            precondition, age, renewed_at = renew(), 0, left
            continue
        moved, value, new_gradient, size = found
        change, bend = moved - point, new_gradient - gradient
        if change @ bend > 0:
            pairs.append((change, bend, float(change @ bend)))
        point, gradient, age = moved, new_gradient, age + 1
        left = remaining(gradient)
        if left <= 1.0:
            return Descent(point, iteration, True)
        if left < PROGRESS * least:
            least, best, best_at = left, point, iteration
        if iteration - best_at >= patience:
            break
    return Descent(best, iteration, False)


def _inverse_hessian_times(gradient, pairs, precondition):
    """The two-loop recursion over (change of point, change of gradient, their product)."""
    q = gradient.copy()
    shares = []
    for change, bend, product in reversed(pairs):
        share = (change @ q) / product
        q -= share * bend
        shares.append(share)
    r = precondition(q)
    for (change, bend, product), share in zip(pairs, reversed(shares), strict=True):
        r += (share - (bend @ r) / product) * change
    return r


def _line_search(evaluate, point, direction, value, gradient, size):
    """Backtrack to sufficient decrease; where decrease is below rounding, a flatter slope will do instead.

    The second rule is the approximate Wolfe condition of Hager and Zhang (2005).
    """
    slope = float(gradient @ direction)
    if not slope < 0:
        return None
    step = 1.0
    for _ in range(TRIALS):
        moved = point + step * direction
        new_value, new_gradient, new_size = evaluate(moved)
        if np.isfinite(new_value):
            enough = new_value <= value + ARMIJO * step * slope
            level = new_value <= value + ROUNDING * size
            if enough or (level and abs(new_gradient @ direction) <= -0.9 * slope):
                return moved, new_value, new_gradient, new_size
            parabola = -0.5 * slope * step * step / (new_value - value - step * slope)
            step = min(max(parabola, 0.1 * step), 0.5 * step)
        else:
            step *= 0.1
    return None
