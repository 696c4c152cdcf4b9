"""Held-out folds: every family of targets left out once, so that a fit can be judged by what it never saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..spec.errors import SpecError
from .base import Calibrator
from .parts import part_of
from .problem import CalibrationProblem, CalibrationResult

FAILURES = (SpecError, ArithmeticError, np.linalg.LinAlgError)
"""What a solve may raise that could not be done."""


@dataclass(frozen=True, eq=False)
class Fold:
    """Weights (n,) fitted without the targets of the mask `left_out` (k,); None where that failed, with the reason."""

    number: int
    left_out: np.ndarray
    weights: np.ndarray | None
    reason: str = ""


def deal(families: Sequence[str], folds: int) -> np.ndarray:
    """(k,) fold of each target from 1, 0 where nothing is held out; a family is never torn apart.

    The largest family goes first, each to the fold that has fewest targets so far (greedy balancing, Graham 1969),
    ties by name: the order of the targets decides nothing. With fewer families than folds each is a fold of its own,
    and with fewer than two there is nothing left to fit by.
    """
    sizes = Counter(families)
    number = min(folds, len(sizes))
    if number < 2:
        return np.zeros(len(families), dtype=np.int64)
    held = [0] * number
    fold: dict[str, int] = {}
    for family, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        fold[family] = held.index(min(held))
        held[fold[family]] += size
    return np.array([fold[family] + 1 for family in families], dtype=np.int64)


def solve_folds(
    calibrator: Calibrator, problem: CalibrationProblem, fold: np.ndarray, whole: CalibrationResult, seed: int = 0
) -> Iterator[Fold]:
    """Solve the problem once a fold without the targets in it, one after another to hold one set of weights at a time.

    fold: (k,) from 1. whole: the solution with all targets; calibrators that start warm go on from it (`left_out`),
    others begin anew.
    """
    for number in range(1, int(fold.max(initial=0)) + 1):
        left_out = fold == number
        try:
            weights = _solve_without(calibrator, problem, ~left_out, whole, seed)
        except FAILURES as error:
            yield Fold(number, left_out, None, str(error))
            continue
        finite = bool(np.isfinite(weights).all())
        yield Fold(number, left_out, weights if finite else None, "" if finite else "its weights are not finite")


def _solve_without(
    calibrator: Calibrator, problem: CalibrationProblem, kept: np.ndarray, whole: CalibrationResult, seed: int
) -> np.ndarray:
    if calibrator.warm_starts:
        from ._dual_backend import DualCalibrator
        from .left_out import solve_without

        assert isinstance(calibrator, DualCalibrator)
        return solve_without(calibrator, problem, kept, whole, seed)
    return calibrator.solve(part_of(problem, kept), seed=seed).weights
