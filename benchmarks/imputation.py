"""What imputation must reach on Tax-Calculator's CPS file, beside microimpute's QRF where that is installed.

    python benchmarks/imputation.py --microimpute /path/to/its/python

Prints one row a figure with its goal. Wall times are those of a free machine only; the CPU seconds beside them hold on
a busy one too. --small runs every part on few rows.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from cps_rows import PREDICTORS, cps
from measuring import measured

from microplex_spec.evaluate.crps import crps_of_draws
from microplex_spec.impute import make_imputer

TARGET = "e00200"
DRAWS = 20
NOT_TARGETS = {"RECID", "s006", "FLPDYR", "h_seq", "ffpos", "a_lineno", "agi_bin", *PREDICTORS}
Row = tuple[str, str, float, str]


def one_variable(file: pd.DataFrame, python: str | None, sizes: argparse.Namespace) -> list[Row]:
    """Fit, draw, memory and CRPS(log) of `qrf` on one variable, and the ratios to microimpute's."""
    predictors = [column for column in PREDICTORS if column != TARGET] + ["e00900p"]
    past = file[file.FLPDYR < 2014]
    donors = past.sample(sizes.donors, random_state=0)
    held = past.drop(donors.index).sample(sizes.held, random_state=1)
    recipients = file[file.FLPDYR == 2014].sample(sizes.recipients, replace=True, random_state=2)
    recipients = recipients[predictors].reset_index(drop=True)
    imputer = make_imputer("qrf", regime="zero_inflated", stream=TARGET, trees=sizes.trees)
    _, *fit = measured(partial(imputer.fit, donors[predictors], donors[TARGET], donors.s006))
    _, *draw = measured(partial(imputer.draw, recipients, seed=7))
    score = _crps([imputer.draw(held[predictors], seed) for seed in range(DRAWS)], held)
    where = f"{len(donors):,} donors x {len(predictors)}, {sizes.trees} trees"
    rows: list[Row] = [
        (where, "fit s", fit[0], ""),
        (where, "fit cpu s", fit[1], ""),
        (f"{len(recipients):,} recipients", "draw s", draw[0], ""),
        (f"{len(recipients):,} recipients", "draw cpu s", draw[1], ""),
        (f"{len(recipients):,} recipients", "M rows/s", len(recipients) / draw[0] / 1e6, "at least 3"),
        ("fit and draw", "GB", max(fit[2], draw[2]), ""),
        (f"{len(held):,} held out", "CRPS(log)", score, ""),
    ]
    if python is None:
        return rows
    theirs = _microimpute(python, donors[predictors].assign(y=donors[TARGET], w=donors.s006), recipients, held, sizes)
    name = f"microimpute {theirs['version']}"
    (fit_wall, fit_cpu, fit_gb), (draw_wall, draw_cpu, draw_gb) = theirs["fit"], theirs["draw"]
    return [
        *rows,
        (name, "fit s", fit_wall, ""),
        (name, "fit cpu s", fit_cpu, ""),
        (name, "draw s", draw_wall, ""),
        (name, "draw cpu s", draw_cpu, ""),
        (name, "GB", max(fit_gb, draw_gb), ""),
        (name, "CRPS(log)", theirs["crps"], ""),
        ("against it", "fit: times faster", fit_wall / fit[0], "at least 5"),
        ("against it", "draw: times faster", draw_wall / draw[0], "at least 100"),
        ("against it", "memory: share", max(fit[2], draw[2]) / max(fit_gb, draw_gb), "at most 0.167"),
        ("against it", "CRPS(log): share", score / theirs["crps"], "at most 0.95"),
    ]


def _crps(draws: list[np.ndarray], held: pd.DataFrame) -> float:
    return crps_of_draws(held[TARGET], np.column_stack(draws), held.s006)


def _microimpute(
    python: str, donors: pd.DataFrame, recipients: pd.DataFrame, held: pd.DataFrame, sizes: argparse.Namespace
) -> dict[str, Any]:
    """Figures of the same task in another environment."""
    with tempfile.TemporaryDirectory() as folder:
        for name, frame in (("donors", donors), ("recipients", recipients), ("held", held[recipients.columns])):
            frame.to_csv(Path(folder) / f"{name}.csv", index=False)
        script = Path(__file__).with_name("microimpute_qrf.py")
        subprocess.run([python, str(script), folder, str(sizes.trees), str(DRAWS)], check=True)
        figures = json.loads((Path(folder) / "figures.json").read_text(encoding="utf-8"))
        drawn = np.load(Path(folder) / "held.npy")
    return figures | {"crps": _crps(list(drawn.T), held)}


def many_rows(file: pd.DataFrame, sizes: argparse.Namespace) -> list[Row]:
    """One draw for as many recipients as a national file has."""
    predictors = [column for column in PREDICTORS if column != TARGET]
    donors = file.sample(sizes.donors, random_state=0)
    imputer = make_imputer("qrf", regime="zero_inflated", stream=TARGET, trees=sizes.trees)
    imputer.fit(donors[predictors], donors[TARGET], donors.s006)
    rows = file[predictors].to_numpy(np.float32)
    rows = rows[np.random.default_rng(3).integers(0, len(rows), sizes.many)]
    # A frame's names were fitted on: the matrix stands behind one without a copy.
    _, wall, cpu, peak = measured(partial(imputer.draw, pd.DataFrame(rows, columns=predictors, copy=False), seed=7))
    where = f"{sizes.many:,} recipients"
    return [(where, "draw s", wall, "at most 2"), (where, "draw cpu s", cpu, ""), (where, "GB", peak, "at most 1.5")]


def many_targets(file: pd.DataFrame, sizes: argparse.Namespace) -> list[Row]:
    """All amounts of the file, fitted and drawn one after the other on as many rows by `regime_aware`."""
    amounts = [column for column in file.select_dtypes("number") if column not in NOT_TARGETS]
    varied = sorted(amounts, key=lambda column: -int((file[column] != 0).sum()))[: sizes.targets]
    donors = file.sample(sizes.rows, random_state=4)
    recipients = file.drop(donors.index).sample(sizes.rows, random_state=5)[PREDICTORS]

    def impute_all() -> None:
        for target in varied:
            imputer = make_imputer("regime_aware", stream=target, trees=sizes.trees)
            imputer.fit(donors[PREDICTORS], donors[target], donors.s006).draw(recipients, seed=7)

    _, wall, cpu, peak = measured(impute_all)
    where = f"{len(varied)} targets x {sizes.rows:,} rows, regime_aware"
    return [(where, "s", wall, "at most 90"), (where, "cpu s", cpu, ""), (where, "GB", peak, "at most 3")]


def met(value: float, goal: str) -> str:
    """Whether a figure reaches its goal, in a word."""
    if not goal:
        return ""
    bound = float(goal.split()[-1])
    return "met" if (value >= bound if goal.startswith("at least") else value <= bound) else "MISSED"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--microimpute", metavar="PYTHON", help="interpreter of an environment that has microimpute")
    parser.add_argument("--donors", type=int, default=40_000)
    parser.add_argument("--recipients", type=int, default=500_000)
    parser.add_argument("--held", type=int, default=8_000)
    parser.add_argument("--many", type=int, default=3_400_000)
    parser.add_argument("--targets", type=int, default=36)
    parser.add_argument("--rows", type=int, default=77_000)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--small", action="store_true", help="every part on few rows, to see it run")
    parser.add_argument("--parts", nargs="+", default=["one", "many", "targets"], choices=["one", "many", "targets"])
    sizes = parser.parse_args()
    if sizes.small:
        vars(sizes).update(donors=2_000, recipients=5_000, held=500, many=20_000, targets=4, rows=2_000, trees=10)
    file = cps()
    # The first call compiles the kernels, or loads them from numba's cache.
    warm = file.head(2_000)
    make_imputer("regime_aware", trees=2).fit(warm[PREDICTORS], warm.e00900p).draw(warm[PREDICTORS], 0)
    parts: dict[str, Callable[[], list[Row]]] = {
        "one": partial(one_variable, file, sizes.microimpute, sizes),
        "many": partial(many_rows, file, sizes),
        "targets": partial(many_targets, file, sizes),
    }
    table = [(*row, met(row[2], row[3])) for part in sizes.parts for row in parts[part]()]
    print(pd.DataFrame(table, columns=["where", "what", "figure", "goal", ""]).to_string(index=False))
    sys.exit(1 if any(row[-1] == "MISSED" for row in table) else 0)


if __name__ == "__main__":
    main()
