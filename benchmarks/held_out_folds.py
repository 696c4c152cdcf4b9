"""What five folds of held-out targets cost beside the solve with all of them, and how near they come to solves anew.

    python benchmarks/held_out_folds.py            # the hard system, 100,000 x 3,400

Each fold leaves out every fifth family of targets. Whole, folds and solves anew are timed in one process, in turn.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from systems import hard_system

from microplex_spec.calibrate import CalibrationProblem, make_calibrator
from microplex_spec.calibrate.folds import deal, solve_folds
from microplex_spec.calibrate.parts import part_of
from microplex_spec.calibrate.problem import weighted_sums

FOLDS = 5


def measure(name: str, problem: CalibrationProblem, families: list[str], calibrator: str) -> str:
    """One row: seconds of the whole, of the folds, of five solves anew; held-out errors of the folds and of these."""
    made, fold = make_calibrator(calibrator), deal(families, FOLDS)
    made.solve(problem)
    began = time.perf_counter()
    whole = made.solve(problem)
    solved = time.perf_counter()
    near = _held_out(problem, fold, [found.weights for found in solve_folds(made, problem, fold, whole)])
    folded = time.perf_counter()
    anew = [made.solve(part_of(problem, fold != number)).weights for number in range(1, FOLDS + 1)]
    ended = time.perf_counter()
    exact = _held_out(problem, fold, anew)
    return (
        f"{name:14s}  {calibrator:8s}  {solved - began:6.2f}  {folded - solved:6.2f}"
        f"  {(folded - solved) / (solved - began):6.2f}"
        f"  {ended - folded:6.2f}  {np.median(near):8.4f}  {np.median(exact):8.4f}"
    )


def _held_out(problem: CalibrationProblem, fold: np.ndarray, weights: list[np.ndarray | None]) -> np.ndarray:
    """(k,) relative error of each target under the weights of the fold that left it out."""
    errors = np.empty(fold.size)
    for number, found in enumerate(weights, 1):
        assert found is not None
        out = fold == number
        errors[out] = np.abs(weighted_sums(problem.matrix, found) - problem.targets)[out] / problem.scale[out]
    return errors


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    matrix, targets, weights = hard_system(100_000)
    families = [f"family {number // 20}" for number in range(targets.size)]
    print("system          calibrator   whole   folds   ratio    anew  held-out    anew's")
    for calibrator, tolerance in (("logit", 0.05), ("entropy", 0.05), ("entropy", 0.02)):
        problem = CalibrationProblem(matrix, targets, weights, tolerance=tolerance)
        print(measure(f"hard at {tolerance}", problem, families, calibrator), flush=True)


if __name__ == "__main__":
    main()
