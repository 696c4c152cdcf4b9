"""PRDC in blocks against the prdc package: the same scores, seconds and peak memory of each in a process of its own.

    python benchmarks/prdc.py --rows 20000 --columns 50 --package-python /path/to/a/venv/bin/python

The package (and its scikit-learn) is run by the Python that --package-python names; where it cannot be imported there,
our side is measured alone. `cps` are amounts and counts of Tax-Calculator's CPS file on the signed-log scale, most of
them zero, against records of another year: rows that tie, where rounding may decide for the package.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

# Run on its own in the process that is measured; `-P` keeps this file from standing in for the package of its name.
PROGRAM = """
import json, sys, time
import numpy as np

def peak():
    # Of this process alone: ru_maxrss would start from what the parent held.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

side, real, fake, k = sys.argv[1], np.load(sys.argv[2]), np.load(sys.argv[3]), int(sys.argv[4])
if side == "package":
    from prdc import compute_prdc
    score = lambda a, b: {name: float(value) for name, value in compute_prdc(a, b, nearest_k=k).items()}
else:
    from microplex_spec.evaluate import prdc
    score = lambda a, b: prdc(a, b, k=k)
score(real[:100], fake[:100])
before = peak()
wall, cpu = time.perf_counter(), time.process_time()
scores = score(real, fake)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
print(json.dumps({"scores": scores, "wall": wall, "cpu": cpu, "gigabytes": (peak() - before) / 1e9}))
"""


def run(python: str, side: str, files: list[str], k: int) -> dict[str, Any]:
    """What one side measured of itself."""
    call = [python, "-P", "-c", PROGRAM, side, *files, str(k)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the side {side!r} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def samples(kind: str, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Real and synthetic rows (rows, columns)."""
    if kind == "normal":
        rng = np.random.default_rng(0)
        return rng.normal(size=(rows, columns)), rng.normal(size=(rows, columns)) * 1.05
    import pandas as pd

    from microplex_spec.evaluate.scaling import fit_scaling
    from microplex_spec.spec.project import resolve_file

    file = pd.read_csv(resolve_file("package:taxcalc/cps.csv.gz", Path()))
    numbers = file.drop(columns=["RECID", "FLPDYR", "s006", "h_seq", "a_lineno", "ffpos"])
    numbers = numbers.iloc[:, :columns]
    real, synthetic = (numbers[file["FLPDYR"] == year].sample(rows, random_state=0) for year in (2012, 2014))
    scaling = fit_scaling(real, log=True)
    return scaling(real), scaling(synthetic)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--k", type=int, default=5)
    parser.add_argument("--data", nargs="+", choices=["normal", "cps"], default=["normal", "cps"])
    parser.add_argument("--repeats", type=int, default=3, help="runs of each side in turns; the fastest counts")
    parser.add_argument("--package-python", default=sys.executable, help="a Python in which prdc is installed")
    args = parser.parse_args()

    sides = {"blocks": sys.executable}
    python = shutil.which(args.package_python)
    probe = python and subprocess.run([python, "-P", "-c", "import prdc"], capture_output=True, check=False)
    if not probe or probe.returncode:
        print(f"prdc cannot be imported by {args.package_python}: measured without it")
    else:
        sides["package"] = args.package_python
    for kind in args.data:
        with tempfile.TemporaryDirectory() as folder:
            files = [str(Path(folder) / f"{name}.npy") for name in ("real", "synthetic")]
            for file, rows in zip(files, samples(kind, args.rows, args.columns), strict=True):
                np.save(file, rows)
            runs: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
            for _ in range(args.repeats):
                for side, python in sides.items():
                    runs[side].append(run(python, side, files, args.k))
        report(kind, args, runs)


def report(kind: str, args: argparse.Namespace, runs: dict[str, list[dict[str, Any]]]) -> None:
    """The fastest run of each side, and how many times the other's seconds and memory the package takes."""
    best = {side: min(found, key=lambda one: one["wall"]) for side, found in runs.items()}
    print(f"\n{kind}: {args.rows:,} x {args.rows:,} x {args.columns}, k = {args.k}, fastest of {args.repeats}")
    for side, one in best.items():
        scores = "  ".join(f"{name} {value:.6f}" for name, value in one["scores"].items())
        print(f"{side:8s} {one['wall']:7.2f} s  {one['cpu']:7.2f} cpu s  {one['gigabytes']:6.3f} GB  {scores}")
    if len(best) == 2:
        ours, theirs = best["blocks"], best["package"]
        apart = max(abs(ours["scores"][name] - value) for name, value in theirs["scores"].items())
        times = " ".join(f"{name} {theirs[name] / ours[name]:.1f}x" for name in ("wall", "cpu", "gigabytes"))
        print(f"the package takes {times}; the largest difference of a score is {apart:.1e}")


if __name__ == "__main__":
    main()
