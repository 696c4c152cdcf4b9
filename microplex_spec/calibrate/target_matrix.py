"""Targets as a sparse system: the matrix, and the ledger of what each target rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..population import Population
from ..spec.errors import Problem, Problems
from .matrix_file import column_counts, read_matrix
from .problem import reach, weighted_sums
from .target_columns import NONE, Layout, blocks, lay_out

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LEDGER = "ledger.parquet"


@dataclass(frozen=True)
class TargetSystem:
    """matrix: (records of the root, columns) float32 CSR. ledger: a row a target.

    Ledger columns: id, family, role, status, reason, value, tolerance, se (of a target of zero alone, whose tolerance
    follows from it: see `settled`), support (households of positive weight that contribute), and the matrix columns
    `fit` (what a solver meets), `numerator` and `denominator` (see `target_columns.Layout`).
    """

    matrix: csr_array
    ledger: pd.DataFrame

    def estimates(self, weights: np.ndarray) -> np.ndarray:
        """(targets,) weighted estimates in each target's own unit; NaN where a domain is empty."""
        return estimates(self.matrix, self.ledger, weights)


def read_system(folder: Path) -> TargetSystem:
    """The system of a folder: its matrix mapped from disk, and its ledger."""
    return TargetSystem(read_matrix(folder), pd.read_parquet(folder / LEDGER))


def compile_targets(
    population: Population, targets: Sequence[Mapping[str, Any]], min_support: int, tolerance: float
) -> TargetSystem:
    """The system of some targets in memory, for a population that needs no blocks.

    targets: rows with id, measure, of, where, value, role and, where given, family, tolerance (relative), se (in the
    target's unit), exclude (who and why), set_aside (status and reason). min_support: fewest contributing households
    of positive weight.
    tolerance: relative, for targets that give none. Raises SpecError, naming the targets, for values that are missing
    or infinite.
    """
    layout = lay_out(targets)
    (block,) = blocks(population, layout, households=max(population.size(population.entities.root), 1))
    support = column_counts(block.matrix, population.weights())
    return TargetSystem(block.matrix, make_ledger(targets, layout, support, block.bad, min_support, tolerance))


def make_ledger(
    targets: Sequence[Mapping[str, Any]],
    layout: Layout,
    support: np.ndarray,
    bad: np.ndarray,
    min_support: int,
    tolerance: float,
) -> pd.DataFrame:
    """What each target rests on.

    support, bad: (columns,) households of positive weight that contribute, and values that are no numbers.
    Raises SpecError for targets of missing or infinite values.
    """
    problems = Problems()
    for target, column in zip(targets, layout.numerator, strict=True):
        if bad[column]:
            text = f"target {target['id']!r}: {bad[column]:,} of its values are missing or infinite"
            problems.found.append(Problem(text))
    problems.raise_if_any()
    counted = np.where(layout.denominator == NONE, layout.numerator, layout.denominator)
    rows = []
    for number, target in enumerate(targets):
        households = int(support[counted[number]])
        status, reason = _status(target, households, min_support)
        rows.append(
            {
                "id": target["id"],
                "family": target.get("family", target["id"]),
                "role": target["role"],
                "status": status,
                "reason": reason,
                "value": float(target["value"]),
                "tolerance": _tolerance(target, tolerance),
                "se": float(target["se"]) if _se_of_zero(target) else np.nan,
                "support": households,
                "fit": int(layout.fit[number]),
                "numerator": int(layout.numerator[number]),
                "denominator": int(layout.denominator[number]),
            }
        )
    return pd.DataFrame(rows, columns=_LEDGER)


_LEDGER = [
    "id",
    "family",
    "role",
    "status",
    "reason",
    "value",
    "tolerance",
    "se",
    "support",
    "fit",
    "numerator",
    "denominator",
]


def estimates(matrix: csr_array, ledger: pd.DataFrame, weights: np.ndarray) -> np.ndarray:
    """(targets,) estimates under `weights` (records,): weighted sums, or ratios of sums for means and shares."""
    sums = weighted_sums(matrix, weights)
    top = sums[ledger["numerator"].to_numpy(dtype=np.int64)]
    below = ledger["denominator"].to_numpy(dtype=np.int64)
    bottom = np.where(below == NONE, 1.0, sums[np.maximum(below, 0)] if len(sums) else 1.0)
    return np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom != 0)


def settled(matrix: csr_array, ledger: pd.DataFrame, initial: np.ndarray) -> pd.DataFrame:
    """The ledger with what the initial weights (records,) settle: what errors are relative to, and tolerances by it.

    `scale`, in the unit of the estimate, is |value|; of a target of zero the gross initial total, the sum of
    |a_ij| w0_i (for a mean over the weight of its domain), of which its standard error is the tolerance.
    """
    gross = weighted_sums(matrix, initial, absolute=True)
    own, below = (gross[np.maximum(ledger[name].to_numpy(dtype=np.int64), 0)] for name in ("fit", "denominator"))
    bottom = np.where(ledger["denominator"].to_numpy() == NONE, 1.0, below)
    value, se = (ledger[name].to_numpy(dtype=np.float64) for name in ("value", "se"))
    zero = np.divide(own, bottom, out=np.full(len(ledger), np.nan), where=(own > 0) & (bottom > 0))
    scale = np.where(value == 0, zero, np.abs(value))
    by_se = (value == 0) & np.isfinite(se) & np.isfinite(scale)
    tolerance = np.divide(se, scale, out=ledger["tolerance"].to_numpy(dtype=np.float64, copy=True), where=by_se)
    return ledger.assign(scale=scale, tolerance=tolerance)


def domains_of(matrix: csr_array, ledger: pd.DataFrame) -> csr_array | None:
    """(records, targets) what counts in the domain of each mean or share, nothing of totals; None where all are totals.

    `CalibrationProblem` judges their errors by it.
    """
    from scipy.sparse import csr_array

    below = ledger["denominator"].to_numpy(dtype=np.int64)
    ratios = np.flatnonzero(below != NONE)
    if not ratios.size:
        return None
    own = csr_array(matrix[:, below[ratios]])
    return csr_array((own.data, ratios[own.indices], own.indptr), shape=(matrix.shape[0], len(ledger)))


def reachable(
    matrix: csr_array, ledger: pd.DataFrame, initial: np.ndarray, bounds: tuple[float, float]
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


def error_units(matrix: csr_array, ledger: pd.DataFrame, initial: np.ndarray) -> np.ndarray:
    """(targets,) how far a fit column is from its right-hand side where the relative error of its target is 1.

    In the column's own unit: the `scale` of a total, and of a mean or share times the initial weight of its domain.
    """
    below = ledger["denominator"].to_numpy(dtype=np.int64)
    held = weighted_sums(matrix, initial, absolute=True)[np.maximum(below, 0)] if matrix.shape[1] else np.ones(0)
    return ledger["scale"].to_numpy(dtype=np.float64) * np.where(below == NONE, 1.0, held)


def _status(target: Mapping[str, Any], support: int, min_support: int) -> tuple[str, str]:
    if target.get("exclude"):
        return "excluded", str(target["exclude"])
    if target.get("set_aside"):
        status, reason = target["set_aside"]
        return str(status), str(reason)
    if support == 0:
        return "unsupported", "no record of positive weight contributes"
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


def _se_of_zero(target: Mapping[str, Any]) -> bool:
    """Whether a target is of zero with a standard error to judge it by, of which no share of the value can be taken."""
    return bool(target.get("se")) and not target["value"] and not target.get("tolerance")
