"""Seconds, errors and effective size of calibrations that keep few records, side by side in one process.

python benchmarks/record_budget.py            # 100,000 x 500, one record in twenty kept; sparse on the hard system
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from systems import hard_system, random_system

from microplex_spec.calibrate import CalibrationProblem, make_calibrator

COLUMNS = "system      calibrator      seconds      cpu  records  max error  median  within 10 %      ESS  reason"


def measure(name: str, problem: CalibrationProblem, calibrator: str, params: dict[str, Any]) -> str:
    """One row of the table. The ESS is in records."""
    began, worked = time.perf_counter(), time.process_time()
    result = make_calibrator(calibrator, **params).solve(problem)
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    errors, weights = np.abs(result.relative_errors), result.weights
    return (
        f"{name:10s}  {calibrator:14s}  {seconds:7.2f}  {cpu:7.2f}  {np.count_nonzero(weights):7d}  {errors.max():9.2g}"
        f"  {np.median(errors):6.2g}  {np.mean(errors <= 0.1):11.1%}  {weights.sum() ** 2 / (weights @ weights):7.0f}"
        f"  {result.reason}"
    )


def main() -> None:
    """Print the table; compiled code is read from its cache, or made, before the clock runs."""
    small = CalibrationProblem(*random_system(200, 40, 0.1))
    for name in ("sparse", "hardconcrete"):
        make_calibrator(name, max_records=100).solve(small)
    print(COLUMNS)
    plain = CalibrationProblem(*random_system(100_000, 500, 0.05))
    for name, params in [("logit", {}), ("sparse", {"max_records": 5_000}), ("hardconcrete", {"max_records": 5_000})]:
        print(measure("random", plain, name, params), flush=True)
    hard = CalibrationProblem(*hard_system(100_000), tolerance=0.1)
    for name, params in [("logit", {}), ("sparse", {"max_records": 5_000}), ("sparse", {"max_records": 20_000})]:
        print(measure("hard", hard, name, params), flush=True)


if __name__ == "__main__":
    main()
