"""calibrate: household weights that meet the fit targets, and the ledger of what each target came to."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from ...calibrate import CalibrationProblem, make_calibrator
from ...calibrate.health import weight_health
from ...calibrate.target_matrix import allowed_errors, estimates, fit_values, reachable
from ...population import Population
from ..task import Task
from .shared import read_population, record_ids


def run(task: Task) -> dict[str, Any]:
    from scipy.sparse import csr_matrix, load_npz

    params = task.step.params
    population = read_population(next(iter(task.inputs.values())))
    matrix = csr_matrix(load_npz(task.input("targets") / "matrix.npz"))
    ledger = pd.read_parquet(task.input("targets") / "ledger.parquet")
    initial = scaled_weights(population, params["scale_weights"])
    calibrator = make_calibrator(task.step.backend, **params["params"])
    bounds = calibrator.ratio_bounds()
    allowed, tolerances = allowed_errors(matrix, ledger, initial)
    least, most = reachable(matrix, ledger, initial, bounds)
    if bounds[0] < bounds[1]:
        ledger = refuse_unreachable(ledger, least, most, allowed, bounds)
    # A column that is zero everywhere (a share of 1 that all have) is met by any weights.
    chosen = (ledger["status"] == "fitted").to_numpy() & ((least != 0) | (most != 0))
    ledger["initial"] = estimates(matrix, ledger, initial)
    weights, result = (
        initial,
        {"calibrator": task.step.backend, "converged": True, "iterations": 0, "reason": "no target to fit"},
    )
    if chosen.any():
        fit = ledger[chosen]
        problem = CalibrationProblem(
            matrix[:, fit["fit"].to_numpy()],
            fit_values(fit),
            initial,
            tolerance=tolerances[chosen],
            names=fit["id"].tolist(),
        )
        solved = calibrator.solve(problem, seed=params["seed"])
        weights = solved.weights
        result |= {"converged": solved.converged, "iterations": solved.iterations, "reason": solved.reason}
    ledger["final"] = estimates(matrix, ledger, weights)
    root = population.entities.root
    key = population.entities[root].key
    columns = {key: record_ids(population, root), "design_weight": initial, "weight": weights}
    pd.DataFrame(columns).to_parquet(task.out / "weights.parquet", index=False)
    ledger.to_parquet(task.out / "ledger.parquet", index=False)
    caps = bounds if bounds[0] < bounds[1] else None
    finite = list(caps) if caps and np.isfinite(caps[1]) else None
    result |= {"health": weight_health(weights, initial, caps), "bounds": finite}
    (task.out / "result.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return {**result, "targets": int(chosen.sum())}


def scaled_weights(population: Population, scale: dict[str, Any] | None) -> np.ndarray:
    """Design weights of the root, raised to a published number of units where the spec asks for it."""
    weights = population.weights().copy()
    if scale:
        weights *= scale["total"] / population.weights("design", scale["entity"]).sum()
    return weights


def refuse_unreachable(
    ledger: pd.DataFrame, least: np.ndarray, most: np.ndarray, allowed: np.ndarray, bounds: tuple[float, float]
) -> pd.DataFrame:
    """Mark fit targets that no weights within the bounds can meet: fitting them would only bend the others."""
    wanted = fit_values(ledger)
    beyond = (wanted + allowed < least) | (wanted - allowed > most)
    beyond &= (ledger["status"] == "fitted").to_numpy()
    ledger = ledger.copy()
    for row in np.flatnonzero(beyond):
        reach = f"{least[row]:.4g} to {most[row]:.4g}"
        ledger.loc[row, "status"] = "unsupported"
        ledger.loc[row, "reason"] = f"out of reach: ratios of {bounds[0]:g} to {bounds[1]:g} give {reach}"
    return ledger
