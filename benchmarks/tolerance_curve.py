"""The trade between fit and effective sample size of a finished run: a calibration at each of several tolerances.

    python benchmarks/tolerance_curve.py runs/us_cps_2023/RUN --tolerances 0.03 0.05 0.08 0.1 0.15

The curve over tau, the tolerance that every target is given, a line a point: a looser one leaves more of the effective
sample and fits less. The default of a spec is `calibration.tolerance`.
Only the solve is done again, on the target matrix that the run left in the store: a second or less a line. Supported
are targets that the run fitted or found out of reach of its bounds; held out are those of role holdout.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from microplex_spec.calibrate import CalibrationProblem, make_calibrator
from microplex_spec.calibrate.health import weight_health
from microplex_spec.calibrate.target_matrix import TargetSystem, allowed_errors, fit_values, read_system
from microplex_spec.execute.store import Store
from microplex_spec.plan import Plan
from microplex_spec.spec.project import Project


def artifacts(run: Path, store: str | None) -> dict[str, Path]:
    """Folder of each step's artifact, by kind."""
    root = next(parent for parent in run.resolve().parents if (parent / "conf").is_dir())
    kept = Store.of(Project(root), store)
    return {step.kind: kept.path(step.key) for step in Plan.read(run / "plan.json")}


def calibrated(
    system: TargetSystem, initial: np.ndarray, chosen: np.ndarray, tolerance: float, name: str
) -> np.ndarray:
    """Weights that meet the chosen targets, all within one relative tolerance."""
    ledger = system.ledger.assign(tolerance=tolerance)
    tolerances = allowed_errors(system.matrix, ledger, initial)[1]
    columns = ledger.loc[chosen, "fit"].to_numpy()
    problem = CalibrationProblem(
        system.matrix[:, columns], fit_values(ledger[chosen]), initial, tolerance=tolerances[chosen]
    )
    return make_calibrator(name).solve(problem).weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--tolerances", type=float, nargs="+", default=[0.03, 0.05, 0.08, 0.1, 0.15, 0.2])
    parser.add_argument("--calibrator", default="logit")
    parser.add_argument("--store", help="where the run kept its artifacts, if not under its project")
    asked = parser.parse_args()
    found = artifacts(asked.run, asked.store)
    system = read_system(found["targets"])
    initial = pd.read_parquet(found["calibrate"] / "weights.parquet")["design_weight"].to_numpy()
    judged = pd.read_parquet(found["calibrate"] / "ledger.parquet").set_index("id").loc[system.ledger["id"]]
    fitted = (judged["status"] == "fitted").to_numpy()
    supported = fitted | (judged["status"] == "unreachable").to_numpy()
    held_out = (judged["status"] == "holdout").to_numpy()
    values = system.ledger["value"].to_numpy()
    print(f"{fitted.sum()} fitted of {supported.sum()} supported, {held_out.sum()} held out, of {len(judged)} targets")
    print("tolerance  fitted within 10 %  supported within 10 %  median fitted  median held out  ESS share")
    for tolerance in asked.tolerances:
        weights = calibrated(system, initial, fitted, tolerance, asked.calibrator)
        errors = np.abs(system.estimates(weights) / values - 1)
        within = errors <= 0.1
        print(
            f"{tolerance:9.3f}  {within[fitted].mean():18.1%}  {within[supported].mean():21.1%}"
            f"  {np.median(errors[fitted]):13.2%}  {np.nanmedian(errors[held_out]):15.2%}"
            f"  {weight_health(weights, initial)['ess_share']:9.1%}"
        )


if __name__ == "__main__":
    main()
