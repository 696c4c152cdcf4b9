"""Calibrator `microcalibrate`: gradient descent on log weights by the package of that name, on a dense matrix."""

from __future__ import annotations

import io
import logging
import numbers
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from typing import Any

import numpy as np

from ..spec.cost import shipped_costs
from ..spec.errors import Problems
from ..spec.libraries import versions_of
from .base import CalibrationShape, Calibrator, CalibratorCapabilities, Cost
from .problem import CalibrationProblem, CalibrationResult

EPOCHS = 500
SIZE = 1e6
"""What every target is brought to: large, as the package adds 1 to targets and estimates before it divides them."""


class Microcalibrate(Calibrator):
    """Adam on the mean squared relative error: no bounds, no pull to the initial weights, no regard for tolerances.

    The matrix is made dense in float32, 4 bytes a record and target, twice. Noise, dropout and its sparsity penalty are
    off. Each column is divided by its target, which turns the signs of a negative one and takes units out of the fit;
    a target of zero has no relative error, so it is left out, which the reason says. Records of initial weight zero
    keep it. Runs on one thread: more would change its bytes. epochs, learning_rate: of Adam. batch_size: records whose
    gradient is summed at a time, None for all.
    """

    version = 2
    capabilities = CalibratorCapabilities(
        bounds=False, exact=False, soft=False, sparse_input=False, zero_targets=False, leaves_out_zeros=True
    )

    def __init__(self, epochs: int = EPOCHS, learning_rate: float = 0.05, batch_size: int | None = None):
        problems = Problems()
        for name, value in (("epochs", epochs), ("batch_size", batch_size)):
            whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            if not whole and not (name == "batch_size" and value is None):
                problems.add(f"calibrator parameter {name!r} is {value!r}", hint="it must be a whole number from 1")
        if not isinstance(learning_rate, numbers.Real) or not 0 < float(learning_rate) < np.inf:
            problems.add(f"calibrator parameter 'learning_rate' is {learning_rate!r}", hint="it must be above 0")
        problems.raise_if_any()
        self.epochs, self.learning_rate, self.batch_size = epochs, float(learning_rate), batch_size

    @classmethod
    def libraries(cls) -> dict[str, str]:
        return versions_of(("numpy", "scipy", "torch", "microcalibrate"))

    @classmethod
    def predict_cost(cls, shape: CalibrationShape, params: Mapping[str, Any]) -> Cost:
        cells = float(shape.records) * shape.targets
        epochs = params.get("epochs", EPOCHS)
        return shipped_costs().price(
            {"import.microcalibrate": 1, "microcalibrate.cells": cells, "microcalibrate.steps": cells * epochs}
        )

    def solve(self, problem: CalibrationProblem, seed: int = 0, start: np.ndarray | None = None) -> CalibrationResult:
        began = time.perf_counter()
        if problem.bounds is not None:
            problems = Problems()
            problems.add("calibrator 'microcalibrate' keeps no bounds of weight ratios", hint="logit does")
            problems.raise_if_any()
        weights = problem.initial_weights.copy()
        live, fitted = np.flatnonzero(weights > 0), np.flatnonzero(problem.targets != 0)
        ended = f"{self.epochs} epoch{'s' if self.epochs != 1 else ''} of gradient descent"
        if fitted.size:
            weights[live] = self._descend(problem, live, fitted, seed)
        if fitted.size < problem.targets.size:
            zero = np.flatnonzero(problem.targets == 0)
            named = ", ".join(problem.name(j) for j in zero[:3])
            ended += f"; {zero.size} targets of zero left out, which have no relative error: {named}"
        return problem.judge(weights, iterations=self.epochs, ended=ended, seconds=time.perf_counter() - began)

    def _descend(self, problem: CalibrationProblem, live: np.ndarray, fitted: np.ndarray, seed: int) -> np.ndarray:
        import pandas as pd

        with _quiet_and_alone():
            from microcalibrate import Calibration
        targets = problem.targets[fitted]
        matrix = problem.matrix[live][:, fitted]
        matrix.data = (matrix.data * (SIZE / targets)[matrix.indices]).astype(np.float32)
        dense = matrix.toarray()
        with _quiet_and_alone():
            calibration = Calibration(
                weights=problem.initial_weights[live],
                targets=np.full(targets.size, SIZE),
                target_names=np.array([problem.name(j) for j in fitted]),
                estimate_matrix=pd.DataFrame(dense, copy=False),
                epochs=self.epochs,
                noise_level=0.0,
                dropout_rate=0.0,
                learning_rate=self.learning_rate,
                seed=seed % 2**31,
                batch_size=self.batch_size,
            )
            calibration.calibrate()
        return np.asarray(calibration.weights, dtype=np.float64)


@contextmanager
def _quiet_and_alone() -> Iterator[None]:
    """No progress bar, no log lines, one thread, and torch's random state as it was before."""
    import torch

    logger, threads = logging.getLogger("microcalibrate"), torch.get_num_threads()
    level = logger.level
    logger.setLevel(logging.ERROR)
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]), redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_num_threads(threads)
        logger.setLevel(level)
