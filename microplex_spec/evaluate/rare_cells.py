"""Rare cells: the share of synthetic records in a small group, over the share of real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..population.evaluate import evaluate
from ..population.population import Population
from ..population.rows import RECORD, population_of_rows
from ..spec.errors import Problem, Problems, SpecError, did_you_mean
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
) -> list[CellShare]:
    """The share of each cell in real and in synthetic records, in the order of `cells`.

    real: (n rows), synthetic: (m rows), with the columns that the cells name; the weights (n,) and (m,), one each
    where None. Raises SpecError with the faults of all cells: unknown columns, predicates that are none, a `top` that
    begins at the column's smallest value.
    """
    weights = (
        weight_column(real_weights, len(real), "real weights"),
        weight_column(synthetic_weights, len(synthetic), "synthetic weights"),
    )
    populations = population_of_rows(real), population_of_rows(synthetic)
    shares, found = [], Problems()
    for cell in cells:
        try:
            shares.append(_share(cell, populations, weights))
        except SpecError as error:
            for problem in error.problems:
                found.add(f"rare cell {cell.name!r}: {problem.message}", problem.place, problem.hint)
    found.raise_if_any()
    return shares


def _share(
    cell: RareCell, populations: tuple[Population, Population], weights: tuple[np.ndarray, np.ndarray]
) -> CellShare:
    inside = [_where(cell.where, population) for population in populations]
    threshold = None
    if cell.top is not None:
        values = [_column(cell.top.column, population) for population in populations]
        threshold = top_threshold(values[0][inside[0]], weights[0][inside[0]], cell.top)
        inside = [mask & (column >= threshold) for mask, column in zip(inside, values, strict=True)]
    rows = [int(mask.sum()) for mask in inside]
    shares = [float(w[mask].sum() / w.sum()) for mask, w in zip(inside, weights, strict=True)]
    return CellShare(cell.name, rows[0], rows[1], shares[0], shares[1], threshold)


def _where(text: str, population: Population) -> np.ndarray:
    if not text:
        return np.ones(population.size(RECORD), bool)
    holds = evaluate(parse(text), population, RECORD)
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
