"""Seconds, errors and peak memory of the calibrators on a large plain system and on a hard contradictory one.

    python benchmarks/calibration.py                      # random 200,000 x 2,000, and hard 100,000 x 3,400
    python benchmarks/calibration.py --system national    # random 1,500,000 x 4,000: 300 M values, needs 8 GB
    python benchmarks/calibration.py --microcalibrate 500 # pair the hard system with 500 epochs of microcalibrate

Each row runs in a process of its own; peak memory is what the solve adds to the process that holds the problem (Linux).
Wall seconds are those of a free machine only; the CPU seconds beside them hold on a busy one too.
"""

from __future__ import annotations

import argparse
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array

from microplex_spec.calibrate import CalibrationProblem, make_calibrator
from microplex_spec.calibrate.health import weight_health

ROWS: dict[str, list[tuple[str, dict[str, Any], dict[str, Any]]]] = {
    "random": [("entropy", {}, {}), ("logit", {}, {}), ("chi2", {}, {})],
    "hard": [
        ("entropy", {}, {"tolerance": 0.05}),
        ("logit", {}, {"tolerance": 0.1}),
        ("logit", {}, {"tolerance": 0.01}),
        ("logit", {}, {"tolerance": 0.05, "bounds": (0.5, 2.0)}),
        ("chi2", {}, {"tolerance": 0.05}),
    ],
    "national": [("entropy", {}, {})],
}
COLUMNS = "system      calibrator      seconds      cpu  iterations  max error  median  within 10 %    ESS  peak MB"


def random_system(n: int, k: int, density: float, seed: int = 0) -> tuple[csr_array, np.ndarray, np.ndarray]:
    """Feasible: counts and lognormal amounts at random, targets from ratios that scatter by 30 %."""
    g = np.random.default_rng(seed)
    per_row = int(density * k)
    block = k // per_row
    columns = np.arange(per_row, dtype=np.int32) * block + g.integers(0, block, (n, per_row), dtype=np.int32)
    values = g.lognormal(0, 1, (n, per_row)).astype(np.float32)
    values[:, ::2] = 1
    matrix = csr_array((values.ravel(), columns.ravel(), np.arange(n + 1) * per_row), shape=(n, k))
    weights = g.lognormal(5, 0.7, n)
    return matrix, matrix.T @ (weights * np.exp(g.normal(0, 0.3, n))), weights


def hard_system(n: int, seed: int = 0) -> tuple[csr_array, np.ndarray, np.ndarray]:
    """Contradictory: people, returns and ten incomes by nation, state, age, band, state x age and state x band.

    Published values scatter by 5 % about one truth, one in fifty by 60 %; two incomes take both signs; cells of five
    records stand beside national totals, dollars beside counts.
    """
    states, ages = 51, 18
    g = np.random.default_rng(seed)
    share = g.pareto(1.2, states) + 0.2
    state, age = g.choice(states, n, p=share / share.sum()), g.integers(0, ages, n)
    weights, base = g.lognormal(6, 0.8, n), g.lognormal(10.5, 1.0, n)
    cuts = np.quantile(base, [0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 0.995])
    band, bands = np.searchsorted(cuts, base), cuts.size + 1
    nation, one = np.zeros(n, dtype=np.int64), np.ones(n)
    tables = [(key, one) for key in (nation, state, age, band, state * ages + age)]
    for i, holders in enumerate([1, 0.75, 0.35, 0.2, 0.15, 0.15, 0.2, 0.2, 0.06, 0.2]):
        amount = np.where(g.random(n) < holders, base * g.lognormal(-0.5, 1.2 if i else 0.1, n), 0.0)
        if i in (4, 5):
            amount = np.where(g.random(n) < (0.3 if i == 4 else 0.6), -0.8 * amount, amount)
        has = (amount != 0).astype(float)
        tables += [(key, values) for key in (nation, state, band) for values in (amount, has)]
        if i in (0, 1, 9):
            tables.append((state * bands + band, amount if i < 9 else has))
    offsets = np.cumsum([0] + [key.max() + 1 for key, _ in tables])
    parts = [(np.flatnonzero(v), key[v != 0] + at, v[v != 0]) for (key, v), at in zip(tables, offsets, strict=False)]
    rows, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    full = coo_array((values.astype(np.float32), (rows, columns)), shape=(n, int(offsets[-1]))).tocsc()
    matrix = full[:, np.flatnonzero(np.diff(full.indptr) >= 5)].tocsr()
    ratios = np.exp(g.normal(0, 0.4, states)[state] + g.normal(0, 0.3, bands)[band] + g.normal(0, 0.2, ages)[age])
    targets = (matrix.T @ (weights * ratios)) * np.exp(g.normal(0, 0.05, matrix.shape[1]))
    wild = g.random(targets.size) < 0.02
    targets[wild] *= np.exp(g.normal(0, 0.6, wild.sum()))
    return matrix, targets, weights


def system(name: str) -> tuple[csr_array, np.ndarray, np.ndarray]:
    """The matrix, targets and weights of a named system."""
    if name == "hard":
        return hard_system(100_000)
    return random_system(1_500_000, 4_000, 0.05) if name == "national" else random_system(200_000, 2_000, 0.05)


def measure(name: str, calibrator: str, params: dict[str, Any], given: dict[str, Any], epochs: int) -> str:
    """One row of the table. The solver is compiled, or read from its cache, on a small system before the clock runs."""
    make_calibrator("entropy" if epochs else calibrator).solve(CalibrationProblem(*random_system(200, 40, 0.1)))
    problem = CalibrationProblem(*system(name), **given)
    Path("/proc/self/clear_refs").write_text("5")
    held = peak_megabytes()
    began, worked = time.perf_counter(), time.process_time()
    if epochs:
        weights, iterations = microcalibrate(problem, epochs), epochs
    else:
        result = make_calibrator(calibrator, **params).solve(problem)
        weights, iterations = result.weights, result.iterations
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    errors = np.abs(problem.judge(weights, ended="").relative_errors)
    ess = weight_health(weights, problem.initial_weights)["ess_share"]
    return (
        f"{name:10s}  {calibrator:14s}  {seconds:7.2f}  {cpu:7.2f}  {iterations:10d}  {errors.max():9.2g}"
        f"  {np.median(errors):6.2g}  {np.mean(errors <= 0.1):11.1%}  {ess:5.3f}  {peak_megabytes() - held:7.0f}"
        f"  {' '.join(f'{key}={value}' for key, value in given.items())}"
    )


def microcalibrate(problem: CalibrationProblem, epochs: int) -> np.ndarray:
    """Weights of the gradient calibrator on the dense matrix; columns of negative targets change sign for it."""
    import logging

    import pandas as pd
    from microcalibrate import Calibration

    logging.getLogger("microcalibrate").setLevel(logging.ERROR)

    sign = np.where(problem.targets < 0, -1.0, 1.0).astype(np.float32)
    calibration = Calibration(
        weights=problem.initial_weights,
        targets=problem.targets * sign,
        estimate_matrix=pd.DataFrame(problem.matrix.toarray() * sign),
        epochs=epochs,
        noise_level=0.0,
        learning_rate=1e-2,
    )
    calibration.calibrate()
    return np.asarray(calibration.weights, dtype=np.float64)


def peak_megabytes() -> float:
    """Peak resident memory of this process since the peak was last cleared."""
    status = Path("/proc/self/status").read_text()
    return float(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    """Print the table of the systems asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", choices=ROWS, action="append", help="default: random and hard")
    parser.add_argument("--microcalibrate", type=int, default=0, metavar="EPOCHS")
    asked = parser.parse_args()
    rows = [(name, *row, 0) for name in asked.system or ["random", "hard"] for row in ROWS[name]]
    if asked.microcalibrate:
        rows.append(("hard", "microcalibrate", {}, {}, asked.microcalibrate))
    print(COLUMNS)
    for row in rows:
        with get_context("spawn").Pool(1) as pool:
            print(pool.apply(measure, row), flush=True)


if __name__ == "__main__":
    main()
