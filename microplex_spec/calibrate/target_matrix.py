"""Targets as a sparse system: one column a linear target, its support, and whether the data can speak to it at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..population import Population, evaluate
from ..spec.errors import Problem, Problems
from ..spec.expression import Expression, parse
from ..spec.measure import parse_measure
from .problem import reach, weighted_sums

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

NONE = -1


@dataclass(frozen=True)
class TargetSystem:
    """matrix: (records of the root, columns) float32 CSR. ledger: a row a target.

    Ledger columns: id, role, status, reason, value, tolerance, support (households that contribute), and the
    matrix columns `fit` (what a solver meets), `numerator` and `denominator` (-1 for sums and counts, where
    the fit column is the numerator). A mean of m over a domain is linear as sum(x - m) = 0.
    """

    matrix: csr_matrix
    ledger: pd.DataFrame

    def estimates(self, weights: np.ndarray) -> np.ndarray:
        """(targets,) weighted estimates in each target's own unit; NaN where a domain is empty."""
        return estimates(self.matrix, self.ledger, weights)


def compile_targets(
    population: Population, targets: Sequence[Mapping[str, Any]], min_support: int, tolerance: float
) -> TargetSystem:
    """Evaluate each target's rows and sum them up to the root.

    targets: rows with id, measure, of, where, value, role and, where given, tolerance (relative), se (in the target's
    unit), exclude. min_support: fewest contributing households. tolerance: relative, for targets that give none.
    Raises SpecError, naming the targets, for values that are missing or infinite.
    """
    columns = _Columns(population)
    problems = Problems()
    rows = []
    for target in targets:
        measure = parse_measure(target["measure"])
        where = columns.where(target)
        values = columns.values(measure.argument, target["of"])
        bad = np.count_nonzero(~np.isfinite(values[where]))
        if bad:
            problems.found.append(Problem(f"target {target['id']}: {bad:,} of its values are missing or infinite"))
            continue
        value = float(target["value"])
        numerator = columns.add(np.where(where, values, 0.0), target["of"])
        denominator, fit = NONE, numerator
        if measure.kind in ("mean", "share"):
            denominator = columns.add(where.astype(np.float64), target["of"])
            fit = columns.add(np.where(where, values - value, 0.0), target["of"])
        support = columns.support(denominator if denominator != NONE else numerator)
        status, reason = _status(target, support, min_support)
        rows.append(
            {
                "id": target["id"],
                "role": target["role"],
                "status": status,
                "reason": reason,
                "value": value,
                "tolerance": _tolerance(target, tolerance),
                "support": support,
                "fit": fit,
                "numerator": numerator,
                "denominator": denominator,
            }
        )
    problems.raise_if_any()
    return TargetSystem(columns.matrix(), pd.DataFrame(rows, columns=_LEDGER))


_LEDGER = [
    "id",
    "role",
    "status",
    "reason",
    "value",
    "tolerance",
    "support",
    "fit",
    "numerator",
    "denominator",
]


def estimates(matrix: csr_matrix, ledger: pd.DataFrame, weights: np.ndarray) -> np.ndarray:
    """(targets,) estimates under `weights` (records,): weighted sums, or ratios of sums for means and shares."""
    sums = weighted_sums(matrix, weights)
    top = sums[ledger["numerator"].to_numpy(dtype=np.int64)]
    below = ledger["denominator"].to_numpy(dtype=np.int64)
    bottom = np.where(below == NONE, 1.0, sums[np.maximum(below, 0)] if len(sums) else 1.0)
    return np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom != 0)


def reachable(
    matrix: csr_matrix, ledger: pd.DataFrame, initial: np.ndarray, bounds: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """(targets,) least and greatest value of each target's fit column with every ratio of weights within `bounds`.

    A target outside it cannot be met by any weights, whatever the other targets are.
    """
    net, gross = weighted_sums(matrix, initial), weighted_sums(matrix, initial, absolute=True)
    least, most = reach(net, gross, *bounds)
    columns = ledger["fit"].to_numpy(dtype=np.int64)
    return least[columns], most[columns]


def fit_values(ledger: pd.DataFrame) -> np.ndarray:
    """(targets,) right-hand sides of the fit columns: the value of a sum or count, zero for a linearised ratio."""
    return np.where(ledger["denominator"].to_numpy() == NONE, ledger["value"].to_numpy(dtype=np.float64), 0.0)


def allowed_errors(matrix: csr_matrix, ledger: pd.DataFrame, initial: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(targets,) how far each fit column may end from its right-hand side, and the same relative to its scale.

    The first is in the column's own unit: the tolerated part of the value, for a ratio times the initial weight of its
    domain; where the value is zero, of the gross initial total. The second is what `CalibrationProblem` takes.
    """
    gross = weighted_sums(matrix, initial, absolute=True)
    own, below = (gross[np.maximum(ledger[name].to_numpy(dtype=np.int64), 0)] for name in ("fit", "denominator"))
    tolerance, value = (np.abs(ledger[name].to_numpy(dtype=np.float64)) for name in ("tolerance", "value"))
    size = np.where(ledger["denominator"].to_numpy() == NONE, value, value * below)
    allowed = tolerance * np.where(size == 0, own, size)
    scale = np.where(fit_values(ledger) == 0, own, value)
    return allowed, np.divide(allowed, scale, out=tolerance.copy(), where=scale > 0)


def _status(target: Mapping[str, Any], support: int, min_support: int) -> tuple[str, str]:
    if target.get("exclude"):
        return "excluded", str(target["exclude"])
    if support == 0:
        return "unsupported", "no record contributes"
    if support < min_support:
        return "unsupported", f"{support} households contribute, fewer than {min_support}"
    if target["role"] != "fit":
        return str(target["role"]), "compared, never fitted"
    return "fitted", ""


def _tolerance(target: Mapping[str, Any], default: float) -> float:
    """The relative tolerance: declared, or the standard error as a share of the value, or the spec's."""
    if target.get("tolerance"):
        return float(target["tolerance"])
    if target.get("se") and target["value"]:
        return float(target["se"]) / abs(float(target["value"]))
    return default


class _Columns:
    """Gathers sparse columns over the root's rows, and remembers the values of expressions that targets share."""

    def __init__(self, population: Population):
        self.population = population
        self.root = population.entities.root
        self.rows: list[np.ndarray] = []
        self.data: list[np.ndarray] = []
        self._values: dict[tuple[str, str], np.ndarray] = {}

    def where(self, target: Mapping[str, Any]) -> np.ndarray:
        if not target["where"]:
            return np.ones(self.population.size(target["of"]), dtype=bool)
        return evaluate(parse(target["where"]), self.population, target["of"])

    def values(self, expression: Expression | None, entity: str) -> np.ndarray:
        if expression is None:
            return np.ones(self.population.size(entity))
        key = (str(expression), entity)
        if key not in self._values:
            self._values[key] = np.asarray(evaluate(expression, self.population, entity), dtype=np.float64)
        return self._values[key]

    def add(self, values: np.ndarray, entity: str) -> int:
        """Sum the rows of an entity up to the root, keep what is not zero, and return the column's number."""
        kept = np.flatnonzero(values)
        positions = self.population.positions(entity, self.root)[kept]
        rows, inverse = np.unique(positions, return_inverse=True)
        sums = np.bincount(inverse, weights=values[kept], minlength=len(rows))
        self.rows.append(rows.astype(np.int32))
        self.data.append(sums.astype(np.float32))
        return len(self.rows) - 1

    def support(self, column: int) -> int:
        return int(np.count_nonzero(self.data[column]))

    def matrix(self) -> csr_matrix:
        from scipy.sparse import csc_matrix

        starts = np.cumsum([0, *(len(rows) for rows in self.rows)])
        rows = np.concatenate(self.rows) if self.rows else np.empty(0, np.int32)
        data = np.concatenate(self.data) if self.data else np.empty(0, np.float32)
        shape = (self.population.size(self.root), len(self.rows))
        return csc_matrix((data, rows, starts), shape=shape).tocsr()
