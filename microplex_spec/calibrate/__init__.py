"""Calibration: weights near the design weights that meet published totals.

    problem = CalibrationProblem(matrix, targets, initial_weights, tolerance=0.05)
    result = make_calibrator("logit", upper=5.0).solve(problem)

A backend is one module with one class under `base.Calibrator`, and one row among the entry points.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from ..spec.errors import Problems
from ..spec.registry import CALIBRATORS
from .problem import CalibrationProblem, CalibrationResult

if TYPE_CHECKING:
    from .base import Calibrator

__all__ = ["CalibrationProblem", "CalibrationResult", "make_calibrator"]


def make_calibrator(name: str, **params: Any) -> Calibrator:
    """The calibrator called `name`, e.g. "entropy", "chi2", "logit" or "none", with its parameters.

    Raises SpecError for an unknown name or parameter, with the nearest valid one.
    """
    backend = CALIBRATORS.load(name)
    known = list(inspect.signature(backend).parameters)
    problems = Problems()
    for key in params:
        if key not in known:
            problems.unknown(f"parameter of calibrator {name!r}:", key, known)
    problems.raise_if_any()
    return backend(**params)
