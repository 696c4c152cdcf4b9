"""calibrate: household weights that meet the fit targets, and the ledger of what each target came to, held out too."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ...calibrate import CalibrationProblem, make_calibrator
from ...calibrate.base import Calibrator
from ...calibrate.folds import deal, solve_folds
from ...calibrate.health import highest_leverage, highest_prices, shadow_prices, weight_health
from ...calibrate.parts import columns_of, part_of
from ...calibrate.problem import CalibrationResult, weighted_sums
from ...calibrate.staging import Staged, mean_error, solve_in_stages, stage_of
from ...calibrate.target_matrix import (
    NONE,
    TargetSystem,
    domains_of,
    error_units,
    estimates,
    fit_values,
    read_system,
    settled,
)
from ...calibrate.unreachable import refuse_unreachable
from ...population import Population
from ...spec.errors import Problem, SpecError
from ..task import Task
from .shared import placed, read_population, record_ids

NO_ERROR = "its error is relative to the target"


def run(task: Task) -> dict[str, Any]:
    try:
        return _Calibration(task).run()
    except SpecError as error:
        raise placed(error, task.step.meta.get("places", {})) from None


def scaled_weights(population: Population, scale: dict[str, Any] | None) -> np.ndarray:
    """Design weights of the root, raised to a published number of units where the spec asks for it."""
    weights = population.weights().copy()
    if scale:
        weights *= scale["total"] / population.weights("design", scale["entity"]).sum()
    return weights


@dataclass(frozen=True, eq=False)
class _Fitted:
    """The rows (k,) of the ledger that the problem is made of, and how their weights were found."""

    rows: np.ndarray
    problem: CalibrationProblem
    staged: Staged


class _Calibration:
    """One calibration: what it starts from, and the ledger as it fills."""

    def __init__(self, task: Task):
        self.task, self.params = task, task.step.params
        self.population = read_population(next(iter(task.inputs.values())))
        system: TargetSystem = read_system(task.input("targets"))
        self.matrix = system.matrix
        self.initial = scaled_weights(self.population, self.params["scale_weights"])
        self.calibrator: Calibrator = make_calibrator(task.step.backend, **self.params["params"])
        self.bounds = self.calibrator.ratio_bounds()
        self.ledger = refuse_unreachable(self.matrix, self._opened(system.ledger), self.initial, self.bounds)

    def run(self) -> dict[str, Any]:
        root = self.population.entities.root
        ids = record_ids(self.population, root)
        fitted = self._fit()
        weights = fitted.staged.result.weights if fitted else self.initial
        self._check_budget(weights)
        self.ledger["final"] = estimates(self.matrix, self.ledger, weights)
        columns = {self.population.entities[root].key: ids, "design_weight": self.initial, "weight": weights}
        pd.DataFrame(columns).to_parquet(self.task.out / "weights.parquet", index=False)
        result: dict[str, Any] = {"calibrator": self.task.step.backend, **self._moved(fitted, weights)}
        if fitted:
            result |= self._told(fitted) | {"folds": self._hold_out(fitted)}
            result["highest_leverage"] = highest_leverage(fitted.problem, weights, ids)
            result["highest_prices"] = self._price(fitted)
        else:
            result |= {"converged": True, "iterations": 0, "reason": "no target to fit", "stages": [], "folds": None}
        self.ledger.to_parquet(self.task.out / "ledger.parquet", index=False)
        (self.task.out / "result.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        return {**result, "targets": len(fitted.rows) if fitted else 0}

    def _opened(self, ledger: pd.DataFrame) -> pd.DataFrame:
        """The ledger with what the initial weights say, and with columns for what comes."""
        ledger = ledger.copy()
        if "family" not in ledger:
            ledger["family"] = [name.rpartition(".")[0] or name for name in ledger["id"]]
        ledger = settled(self.matrix, ledger, self.initial)
        ledger["initial"] = estimates(self.matrix, ledger, self.initial)
        initial, value = (ledger[name].to_numpy(dtype=np.float64) for name in ("initial", "value"))
        ledger["stretch"] = np.divide(value, initial, out=np.full(len(value), np.nan), where=initial != 0)
        ledger["fold"] = pd.array([pd.NA] * len(ledger), dtype="Int64")
        ledger["held_out"] = ledger["shadow_price"] = np.nan
        return ledger

    def _fit(self) -> _Fitted | None:
        """Solve for the targets that can be fitted; None where there is none."""
        gross = weighted_sums(self.matrix, self.initial, absolute=True)
        # A column that is zero everywhere (a share of 1 that all have) is met by any weights.
        moves = gross[self.ledger["fit"].to_numpy(dtype=np.int64)] > 0
        rows = np.flatnonzero((self.ledger["status"] == "fitted").to_numpy() & moves)
        if not rows.size:
            return None
        fit = self.ledger.iloc[rows]
        problem = CalibrationProblem(
            columns_of(self.matrix, fit["fit"].to_numpy(dtype=np.int64)),
            fit_values(fit),
            self.initial,
            tolerance=fit["tolerance"].to_numpy(dtype=np.float64),
            names=fit["id"].tolist(),
            relative_to=fit["scale"].to_numpy(dtype=np.float64),
            domains=domains_of(self.matrix, fit),
        )
        rows, problem = self._without_zeros(rows, problem)
        if not rows.size:
            return None
        fit, stages = self.ledger.iloc[rows], self.params["stages"]
        stage = stage_of(fit["id"].tolist(), [each["targets"] for each in stages])
        staged = solve_in_stages(
            self.calibrator, problem, stage, [each["name"] for each in stages], seed=self.params["seed"]
        )
        self._note_lost(rows, staged.result.base)
        for number, record in enumerate(staged.stages):
            if not record.kept:
                left = rows[(stage == number) & ~staged.fitted]
                self._add_reason(left, f"weights do not follow it: stage {record.name!r} {record.said}")
        return _Fitted(rows, problem, staged)

    def _note_lost(self, rows: np.ndarray, base: np.ndarray | None) -> None:
        """A target to which no record contributes that a budget has kept can no more be fitted than one without any."""
        if base is None:
            return
        fit = self.ledger.iloc[rows]
        counted = np.where(fit["denominator"] == NONE, fit["numerator"], fit["denominator"]).astype(np.int64)
        lost = self.ledger.index[rows[weighted_sums(self.matrix, base, absolute=True)[counted] == 0]]
        self.ledger.loc[lost, "status"] = "unsupported"
        self.ledger.loc[lost, "reason"] = f"no record contributes of the {np.count_nonzero(base):,} that are kept"

    def _add_reason(self, rows: np.ndarray, reason: str) -> None:
        """Say more of fitted targets, after what is said of them already."""
        for row in self.ledger.index[rows]:
            if self.ledger.loc[row, "status"] == "fitted":
                self.ledger.loc[row, "reason"] = "; ".join(filter(None, [self.ledger.loc[row, "reason"], reason]))

    def _check_budget(self, weights: np.ndarray) -> None:
        """A record budget is a promise; SpecError where no solve could keep it."""
        most, held = self.calibrator.most_records(), np.count_nonzero(weights)
        if most is not None and held > most:
            told = f"calibrator {self.task.step.backend!r} is to keep {most:,} of {held:,} records"
            hint = "see microplex-spec targets for why none is fitted, or build with calibrator=none"
            raise SpecError(
                Problem(f"{told}, but there is no target to fit, and so nothing to choose them by", hint=hint)
            )

    def _moved(self, fitted: _Fitted | None, weights: np.ndarray) -> dict[str, Any]:
        """How far the weights moved, and the bounds of that: of ratios to design weights, or of the records kept."""
        base = fitted.staged.result.base if fitted else None
        lower, upper = self.calibrator.without_budget().ratio_bounds()
        caps = (lower, upper) if lower < upper else None
        shown = [lower, upper] if caps and np.isfinite(upper) else None
        return {
            "bounds": shown if base is None else None,
            "refit_bounds": None if base is None else shown,
            "health": weight_health(weights, self.initial, caps, base),
        }

    def _without_zeros(self, rows: np.ndarray, problem: CalibrationProblem) -> tuple[np.ndarray, CalibrationProblem]:
        """The rows and the problem less what the calibrator leaves out, which the ledger then says."""
        kept = problem.targets != 0
        if kept.all() or not self.calibrator.capabilities.leaves_out_zeros:
            return rows, problem
        out = self.ledger.index[rows[~kept]]
        name = self.task.step.backend
        self.ledger.loc[out, "status"] = "excluded"
        self.ledger.loc[out, "reason"] = f"{name} leaves out what has to be zero, as a mean less its value: {NO_ERROR}"
        return rows[kept], part_of(problem, kept) if kept.any() else problem

    def _told(self, fitted: _Fitted) -> dict[str, Any]:
        """How the solve ended, stage by stage where there were several."""
        result: CalibrationResult = fitted.staged.result
        return {
            "converged": result.converged,
            "iterations": result.iterations,
            "reason": result.reason,
            "error": mean_error(fitted.problem, result.weights),
            "stages": fitted.staged.records(),
        }

    def _hold_out(self, fitted: _Fitted) -> dict[str, Any] | None:
        """Leave each family out once, and put down what the others make of it; None where folds are turned off."""
        if not self.params["folds"]:
            return None
        inside = fitted.staged.fitted
        rows, ledger = fitted.rows[inside], self.ledger
        fold = deal(ledger["family"].iloc[rows].tolist(), self.params["folds"])
        told: dict[str, Any] = {"number": int(fold.max(initial=0)), "targets": 0, "failed": []}
        if not fold.any():
            return told | {"failed": ["fewer than two families of fitted targets: none can be left out"]}
        ledger.loc[ledger.index[rows], "fold"] = fold
        problem, whole = part_of(fitted.problem, inside), fitted.staged.result
        whole = replace(whole, multipliers=whole.multipliers[inside], estimates=whole.estimates[inside])
        held_out = np.full(len(ledger), np.nan)
        for each in solve_folds(self.calibrator, problem, fold, whole, seed=self.params["seed"]):
            if each.weights is None:
                told["failed"].append(f"fold {each.number}: {each.reason}")
                continue
            own = rows[each.left_out]
            held_out[own] = estimates(self.matrix, ledger.iloc[own], each.weights)
            told["targets"] += own.size
        ledger["held_out"] = held_out
        return told

    def _price(self, fitted: _Fitted) -> list[dict[str, Any]]:
        """Put the shadow prices into the ledger, and name the highest."""
        percent = 0.01 * error_units(self.matrix, self.ledger, self.initial)[fitted.rows]
        prices = shadow_prices(fitted.staged.result.multipliers, percent, self.initial)
        self.ledger.loc[self.ledger.index[fitted.rows], "shadow_price"] = prices
        return highest_prices(self.ledger["id"].iloc[fitted.rows].tolist(), prices)
