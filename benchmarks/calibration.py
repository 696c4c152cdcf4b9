"""Seconds, errors and peak memory of the calibrators against what the field uses, on systems of many kinds.

    python benchmarks/calibration.py                                # all: 10 minutes, 4 GB of memory and of scratch
    python benchmarks/calibration.py --system medium --system hard  # some of them

national: 1,500,000 x 4,000, 300 M values, mapped from disk; noisy: its targets scattered by 2 %, so that nothing meets
them. medium: 100,000 x 500, and hard: 100,000 x 3,400 and contradictory, both paired with the package microcalibrate.
raking: 100,000 x 100, paired with survey::calibrate of R where it is installed (Debian: r-base-core, r-cran-survey and
r-cran-mass).
Each row runs in a process of its own; peak memory is what the solve adds to the process that holds the problem (Linux).
Wall seconds are those of a free machine only; the CPU seconds beside them hold on a busy one too.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from systems import hard_system, random_system, read_random_system, write_random_system

from microplex_spec.calibrate import CalibrationProblem, make_calibrator
from microplex_spec.calibrate.health import weight_health

PACKAGE = "microcalibrate package"
ROWS: dict[str, list[tuple[str, dict[str, Any], dict[str, Any]]]] = {
    "national": [("entropy", {}, {}), ("chi2", {}, {})],
    "noisy": [("entropy", {}, {"tolerance": 0.02}), ("logit", {}, {"tolerance": 0.02})],
    "medium": [("entropy", {}, {}), ("chi2", {}, {}), (PACKAGE, {"learning_rate": 0.05}, {})],
    "hard": [
        ("entropy", {}, {"tolerance": 0.02}),
        ("logit", {}, {"tolerance": 0.1}),
        ("logit", {}, {"tolerance": 0.02}),
        ("logit", {}, {"tolerance": 0.05, "bounds": (0.5, 2.0)}),
        ("chi2", {}, {"tolerance": 0.05}),
        (PACKAGE, {"learning_rate": 0.01}, {}),
        (PACKAGE, {"learning_rate": 0.05}, {}),
    ],
    "raking": [("entropy", {}, {})],
}
EPOCHS = 500
COLUMNS = (
    f"{'system':8s}  {'calibrator':22s}  {'seconds':>7s}  {'cpu':>7s}  {'iterations':>10s}  {'max error':>9s}"
    f"  {'mean':>7s}  {'median':>7s}  {'in 10 %':>7s}  {'ESS':>5s}  {'peak MB':>7s}"
)


def system(name: str, folder: Path) -> tuple[csr_array, np.ndarray, np.ndarray]:
    """The matrix, targets and weights of a named system; folder: of the national one."""
    if name in ("national", "noisy"):
        return read_random_system(folder, noise=0.02 if name == "noisy" else 0.0)
    if name == "hard":
        return hard_system(100_000)
    return random_system(100_000, 500 if name == "medium" else 100, 0.05)


def measure(name: str, folder: Path, calibrator: str, params: dict[str, Any], given: dict[str, Any]) -> str:
    """One row of the table. What solves is imported and compiled on a small system before the clock runs."""
    small = CalibrationProblem(*random_system(200, 40, 0.1))
    if calibrator == PACKAGE:
        by_package(small, **params)
    else:
        make_calibrator(calibrator).solve(small)
    problem = CalibrationProblem(*system(name, folder), **given)
    Path("/proc/self/clear_refs").write_text("5")
    held = peak_megabytes()
    began, worked = time.perf_counter(), time.process_time()
    if calibrator == PACKAGE:
        weights, iterations = by_package(problem, **params), EPOCHS
    else:
        result = make_calibrator(calibrator, **params).solve(problem)
        weights, iterations = result.weights, result.iterations
    seconds, cpu, peak = time.perf_counter() - began, time.process_time() - worked, peak_megabytes()
    errors = np.abs(problem.judge(weights, ended="").relative_errors)
    ess = weight_health(weights, problem.initial_weights)["ess_share"]
    settings = " ".join(f"{key}={value}" for key, value in (params | given).items())
    return (
        f"{name:8s}  {calibrator:22s}  {seconds:7.2f}  {cpu:7.2f}  {iterations:10d}  {_spread(errors)}"
        f"  {ess:5.3f}  {peak - held:7.0f}  {settings}  (process {peak:.0f} MB)"
    )


def _spread(errors: np.ndarray) -> str:
    """The largest, mean and median error, and the share within 10 %."""
    return f"{errors.max():9.2g}  {errors.mean():7.2g}  {np.median(errors):7.2g}  {np.mean(errors <= 0.1):7.1%}"


def by_package(problem: CalibrationProblem, learning_rate: float) -> np.ndarray:
    """Weights of the gradient calibrator on the dense matrix; columns of negative targets change sign for it."""
    import logging
    from contextlib import redirect_stderr
    from io import StringIO

    import pandas as pd
    from microcalibrate import Calibration

    logging.getLogger("microcalibrate").setLevel(logging.ERROR)
    sign = np.where(problem.targets < 0, -1.0, 1.0).astype(np.float32)
    calibration = Calibration(
        weights=problem.initial_weights,
        targets=problem.targets * sign,
        estimate_matrix=pd.DataFrame(problem.matrix.toarray() * sign),
        epochs=EPOCHS,
        noise_level=0.0,
        learning_rate=learning_rate,
    )
    with redirect_stderr(StringIO()):
        calibration.calibrate()
    return np.asarray(calibration.weights, dtype=np.float64)


def by_survey(rscript: str) -> str:
    """One row of the table: survey::calibrate of R on the raking system, its data frame and design made beforehand."""
    matrix, targets, weights = random_system(100_000, 100, 0.05)
    n, k = matrix.shape
    with tempfile.TemporaryDirectory() as folder:
        for name, values in {"cells": matrix.toarray().ravel("F"), "targets": targets, "weights": weights}.items():
            np.ascontiguousarray(values, np.float64).tofile(Path(folder) / name)
        script = f"""
            suppressMessages(library(survey))
            read <- function(name, n) readBin(file.path("{folder}", name), "double", n)
            cells <- as.data.frame(matrix(read("cells", {n * k}), ncol = {k}))
            totals <- setNames(read("targets", {k}), names(cells))
            wanted <- as.formula(paste("~ 0 +", paste(names(totals), collapse = " + ")))
            design <- svydesign(ids = ~1, weights = read("weights", {n}), data = cells)
            took <- system.time(
                found <- calibrate(design, wanted, totals, calfun = "raking", epsilon = 1e-6, maxit = 100)
            )
            writeBin(as.double(unname(weights(found))), file.path("{folder}", "found"))
            cat(took[["elapsed"]], took[["user.self"]] + took[["sys.self"]])
        """
        ran = subprocess.run([rscript, "-e", script], check=False, capture_output=True, text=True)
        if ran.returncode:
            return f"raking    {'R survey::calibrate':22s}  not run: {' '.join(ran.stderr.split())}"
        said = ran.stdout.split()
        found = np.fromfile(Path(folder) / "found")
    errors = np.abs(matrix.T @ found / targets - 1)
    return (
        f"raking    {'R survey::calibrate':22s}  {float(said[-2]):7.2f}  {float(said[-1]):7.2f}  {'':10s}"
        f"  {_spread(errors)}"
    )


def peak_megabytes() -> float:
    """Peak resident memory of this process since the peak was last cleared."""
    status = Path("/proc/self/status").read_text()
    return float(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    """Print the table of the systems asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", choices=ROWS, action="append", help="default: all")
    parser.add_argument("--rscript", default=shutil.which("Rscript"), help="default: the one on the path")
    parser.add_argument("--scratch", help="folder for the national system, default: of the system")
    asked = parser.parse_args()
    systems = asked.system or list(ROWS)
    with tempfile.TemporaryDirectory(dir=asked.scratch) as folder:
        if {"national", "noisy"} & set(systems):
            write_random_system(Path(folder), 1_500_000, 4_000, 0.05)
        print(COLUMNS)
        for name in systems:
            for row in ROWS[name]:
                with get_context("spawn").Pool(1) as pool:
                    print(pool.apply(measure, (name, Path(folder), *row)), flush=True)
            if name == "raking" and asked.rscript:
                print(by_survey(asked.rscript), flush=True)


if __name__ == "__main__":
    main()
