"""Fitting coefficients to what steps took: each is moved as far as the figures ask, the others stay as they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..spec.cost import IDLE, Coefficient, CostModel, Work, paid

# How strongly a coefficient holds to its earlier value, against one step told wrongly by its full size.
INERTIA = 0.1
# Below this a step's seconds say more of the clock than of the work.
SHORTEST = 0.1
# Relative error from which a step is taken for an accident; rounds of weighing, and sweeps over the coefficients.
FAR_OFF, ROUNDS, SWEEPS = 0.3, 4, 60


@dataclass(frozen=True)
class Taken:
    """What one step of a run took: its work, wall seconds, and the peak resident bytes of its process."""

    work: Work
    seconds: float
    peak_bytes: int


def fit_costs(runs: Iterable[Sequence[Taken]], model: CostModel) -> dict[str, Coefficient]:
    """Coefficients under which the steps of `runs` (each in the order of one process) would be told right.

    Least squares on relative errors, coefficients never negative, with a pull to the earlier ones (a ridge: Hoerl and
    Kennard 1970) after all were moved by the median error, for what two sizes cannot tell apart.
    """
    runs = [list(run) for run in runs]
    taken = [step for run in runs for step in run]
    names = sorted({name for step in taken for name in step.work} | {IDLE})
    rows = [row for run in runs for row in _rows(run, names, model)]
    seconds, sizes = (np.array(part) for part in zip(*rows, strict=True))
    by_time = _scales(seconds, np.array([step.seconds for step in taken]), SHORTEST)
    by_size = _scales(sizes, np.array([step.peak_bytes for step in taken], dtype=np.float64), 0.0)
    found = {}
    for name, of_time, of_size in zip(names, by_time, by_size, strict=True):
        old = model.coefficient(name)
        if old != Coefficient():
            found[name] = Coefficient(old.seconds * of_time, old.bytes * of_size, old.kept * of_size)
    return found


def _rows(run: Sequence[Taken], names: list[str], model: CostModel) -> Iterator[tuple[list[float], list[float]]]:
    """Seconds and bytes by feature of each step; at its peak stands what it takes, or what was left if that is more."""
    resident: dict[str, float] = {}
    for step in run:
        worked = paid(step.work, resident)
        held = {name: model.coefficient(name).bytes * amount for name, amount in step.work.items()}
        held[IDLE] = model.coefficient(IDLE).bytes
        yield (
            [model.coefficient(name).seconds * worked.get(name, 0.0) for name in names],
            [max(held.get(name, 0.0), resident.get(name, 0.0)) for name in names],
        )
        resident = model.left_by(step.work, resident)


def _scales(told: np.ndarray, took: np.ndarray, least: float) -> np.ndarray:
    """By how much each column of `told` (steps, features) must grow so that rows sum to `took`; none is negative."""
    known = told.sum(axis=1) > 0
    told, took = told[known], took[known]
    if not len(took):
        return np.ones(told.shape[1])
    common = float(np.median((took + least) / (told.sum(axis=1) + least)))
    relative, wanted = told * common / (took + least)[:, None], took / (took + least)
    scales = np.ones(told.shape[1])
    for _ in range(ROUNDS):
        # Steps far off (a busy minute) weigh less in the next round: Huber 1964.
        trust = np.minimum(1.0, FAR_OFF / np.maximum(np.abs(relative @ scales - wanted), 1e-9))
        normal = relative.T @ (trust[:, None] * relative) + INERTIA * np.eye(len(scales))
        scales = _nonnegative(normal, relative.T @ (trust * wanted) + INERTIA, scales)
    return common * scales


def _nonnegative(normal: np.ndarray, right: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The non-negative x that minimises x' normal x / 2 - right' x, one coordinate after the other."""
    x = start.copy()
    for _ in range(SWEEPS):
        for column, row in enumerate(normal):
            x[column] = max(0.0, x[column] + (right[column] - row @ x) / row[column])
    return x
