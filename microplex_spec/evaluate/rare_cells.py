"""Rare cells: the share of synthetic records in a small group, over the share of real ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..population.evaluate import evaluate
from ..population.population import Population
from ..population.rows import RECORD, population_of_rows
from ..spec.errors import Place, Problem, Problems, SpecError, did_you_mean
from ..spec.expression import parse
from ..spec.rare_cells import RareCell, Top
from .inputs import number_column, weight_column


@dataclass(frozen=True)
class CellShare:
    """How common one cell is: weighted shares and counts of records, and the `top` threshold (None without one).

    ratio is synthetic over real share, so files of any two sizes can be held against each other: 1 is best, NaN says
    that the cell is empty of real weight.
    """

    name: str
    real_rows: int
    synthetic_rows: int
    real_share: float
    synthetic_share: float
    threshold: float | None = None

    @property
    def ratio(self) -> float:
        return self.synthetic_share / self.real_share if self.real_share > 0 else float("nan")


def rare_cell_shares(
    cells: Sequence[RareCell],
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    real_weights: Any = None,
    synthetic_weights: Any = None,
    thresholds: Sequence[float | None] | None = None,
) -> list[CellShare]:
    """The share of each cell in real and in synthetic records, in the order of `cells`.

    real: (n rows), synthetic: (m rows), with the columns that the cells name; the weights (n,) and (m,), one each
    where None. thresholds: where the `top` of each cell begins, by `top_thresholds` of the donors; the real records
    are the donors where None. Raises SpecError with the faults of all cells: unknown columns, predicates that are
    none, a `top` that begins at the column's smallest value.
    """
    weights = (
        weight_column(real_weights, len(real), "real weights"),
        weight_column(synthetic_weights, len(synthetic), "synthetic weights"),
    )
    if thresholds is None:
        thresholds = top_thresholds(cells, real, weights[0])
    populations = population_of_rows(real), population_of_rows(synthetic)
    shares, found = [], Problems()
    for cell, threshold in zip(cells, thresholds, strict=True):
        try:
            inside = [_inside(cell, threshold, population) for population in populations]
        except SpecError as error:
            _add(found, cell, error, None)
            continue
        rows = [int(mask.sum()) for mask in inside]
        held = [float(w[mask].sum() / w.sum()) for mask, w in zip(inside, weights, strict=True)]
        shares.append(CellShare(cell.name, rows[0], rows[1], held[0], held[1], threshold))
    found.raise_if_any()
    return shares


def top_thresholds(
    cells: Sequence[RareCell],
    donor: pd.DataFrame,
    weights: Any = None,
    place: Callable[[int, str], Place | None] = lambda cell, field: None,
) -> list[float | None]:
    """The donor value at which the `top` of each cell begins, None for cells without one, in the order of `cells`.

    donor: (n rows), with the columns that the cells name; weights: (n,), one each where None. place: where a field
    ("where", "top") of a cell, by its number, is written. Raises SpecError with the faults of all cells.
    """
    w, population = weight_column(weights, len(donor), "donor weights"), population_of_rows(donor)
    thresholds, found = [], Problems()
    for number, cell in enumerate(cells):
        field, threshold = "where", None
        try:
            among = _where(cell.where, population, place(number, field))
            if cell.top is not None:
                field = "top"
                values = _column(cell.top.column, population)
                threshold = top_threshold(values[among], w[among], cell.top)
        except SpecError as error:
            _add(found, cell, error, place(number, field))
        thresholds.append(threshold)
    found.raise_if_any()
    return thresholds


def _add(found: Problems, cell: RareCell, error: SpecError, place: Place | None) -> None:
    for problem in error.problems:
        found.add(f"rare cell {cell.name!r}: {problem.message}", problem.place or place, problem.hint)


def _inside(cell: RareCell, threshold: float | None, population: Population) -> np.ndarray:
    among = _where(cell.where, population)
    return among if cell.top is None else among & (_column(cell.top.column, population) >= threshold)


def _where(text: str, population: Population, place: Place | None = None) -> np.ndarray:
    if not text:
        return np.ones(population.size(RECORD), bool)
    holds = evaluate(parse(text, place), population, RECORD)
    if holds.dtype != bool:
        raise SpecError(Problem(f"{text!r} is no condition", hint=f"compare it, as in {text} > 0"))
    return holds


def _column(name: str, population: Population) -> np.ndarray:
    if name not in population.variables:
        raise SpecError(Problem(f"unknown column {name!r}", hint=did_you_mean(name, population.variables)))
    return number_column(population.column(name), f"column {name!r}")


def top_threshold(values: np.ndarray, weights: np.ndarray, top: Top) -> float:
    """The largest value at or above which at least `top.share` of the weight lies.

    values, weights: (n,) of the donor, finite. Raises SpecError where no weight is there, or where that value is the
    smallest of several, as for the top half of a column that is mostly zero: all records would be in the cell.
    """
    total = weights.sum()
    if not total > 0:
        raise SpecError(f"no donor weight to take the top {top.share:.4g} of {top.column} from")
    order = np.argsort(-values, kind="stable")
    # A hair less than the share, so that ten weights of a tenth make the whole of it.
    reached = int(np.searchsorted(np.cumsum(weights[order]), top.share * total * (1 - 1e-12)))
    threshold = float(values[order[reached]])
    if threshold == values.min() < values.max():
        raise SpecError(
            Problem(
                f"the top {top.share:.4g} of {top.column} begins at {threshold:,.6g}, its smallest value",
                hint="take a smaller share",
            )
        )
    return threshold
