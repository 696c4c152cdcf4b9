"""Targets as sparse columns: which columns they need, and these columns for a block of households."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..population import Population, evaluate
from ..spec.expression import Expression, parse
from ..spec.measure import parse_measure

NONE = -1
BLOCK_HOUSEHOLDS = 50_000
"""Households whose columns are made at a time: their transient copies are small beside a matrix that needs blocks."""
KEPT_VALUES = 64
"""Expressions whose values are kept for the targets that share them, each a number a row of its entity."""


@dataclass(frozen=True)
class Column:
    """One column: over the units of an entity for which `where` holds, the sum of a value less a constant.

    value: an expression, or None for 1. less: what is taken off each unit's value (the target of a mean).
    """

    of: str
    where: str
    value: str | None = None
    less: float = 0.0


@dataclass(frozen=True)
class Layout:
    """The columns that targets need, each once, and by target which of them are its own.

    fit: (k,) of the column that a solver meets; numerator, denominator: of those whose ratio is the estimate of a mean
    or share (denominator -1 for sums and counts, where fit is the numerator). A mean of m over a domain is linear as
    sum(x - m) = 0.
    """

    columns: tuple[Column, ...]
    fit: np.ndarray
    numerator: np.ndarray
    denominator: np.ndarray


def lay_out(targets: Sequence[Mapping[str, Any]]) -> Layout:
    """The layout of targets (rows with measure, of, where, value); it depends on nothing but their texts."""
    numbers: dict[Column, int] = {}

    def number(column: Column) -> int:
        return numbers.setdefault(column, len(numbers))

    rows = []
    for target in targets:
        measure = parse_measure(target["measure"])
        of, where = target["of"], target["where"] or ""
        value = None if measure.argument is None else str(measure.argument)
        numerator = number(Column(of, where, value))
        if measure.kind in ("mean", "share"):
            rows.append(
                (number(Column(of, where, value, float(target["value"]))), numerator, number(Column(of, where)))
            )
        else:
            rows.append((numerator, numerator, NONE))
    return Layout(tuple(numbers), *np.array(rows, dtype=np.int64).reshape(-1, 3).T)


@dataclass(frozen=True, eq=False)
class Block:
    """The columns of a layout over some households. matrix: float32 CSR. bad: (columns,) values not finite."""

    matrix: Any
    bad: np.ndarray


def blocks(population: Population, layout: Layout, households: int = BLOCK_HOUSEHOLDS) -> Iterator[Block]:
    """The columns of all households, a block at a time; together they are the same however they are cut."""
    root = population.entities.root
    n = population.size(root)
    edges = list(range(0, n, households)) or [0]
    for start, stop in pairwise([*edges, n] if n else [0, 0]):
        if len(edges) == 1:
            yield _block(population, layout)
            return
        chosen = np.zeros(n, dtype=bool)
        chosen[start:stop] = True
        yield _block(population.select(chosen), layout)


def _block(population: Population, layout: Layout) -> Block:
    from scipy.sparse import csc_array

    values = _Values(population)
    rows: list[np.ndarray] = []
    data: list[np.ndarray] = []
    bad = np.zeros(len(layout.columns), dtype=np.int64)
    for number, column in enumerate(layout.columns):
        where, sums = values.where(column), values.of(column)
        bad[number] = np.count_nonzero(~np.isfinite(sums[where]))
        own_rows, own_data = values.summed(np.where(where, sums - column.less, 0.0), column.of)
        rows.append(own_rows)
        data.append(own_data)
    starts = np.cumsum([0, *(part.size for part in rows)])
    size = (population.size(population.entities.root), len(layout.columns))
    own_data = np.concatenate([np.empty(0, np.float32), *data])
    own_rows = np.concatenate([np.empty(0, np.int64), *rows]).astype(np.int32)
    return Block(csc_array((own_data, own_rows, starts), shape=size).tocsr(), bad)


class _Values:
    """Values of expressions over the rows of a population, the last few kept for columns that share them."""

    def __init__(self, population: Population):
        self.population, self.root = population, population.entities.root
        self._kept: dict[tuple[str, str], np.ndarray] = {}

    def where(self, column: Column) -> np.ndarray:
        if not column.where:
            return np.ones(self.population.size(column.of), dtype=bool)
        return self._evaluated(parse(column.where), column.of)

    def of(self, column: Column) -> np.ndarray:
        if column.value is None:
            return np.ones(self.population.size(column.of))
        return self._evaluated(parse(column.value), column.of).astype(np.float64)

    def _evaluated(self, expression: Expression, entity: str) -> np.ndarray:
        key = (str(expression), entity)
        found = self._kept.pop(key, None)
        if found is None:
            found = np.asarray(evaluate(expression, self.population, entity))
            if len(self._kept) >= KEPT_VALUES:
                self._kept.pop(next(iter(self._kept)))
        self._kept[key] = found
        return found

    def summed(self, values: np.ndarray, entity: str) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the root, and their sums of an entity's values, where the sum is not zero."""
        kept = np.flatnonzero(values)
        positions = self.population.positions(entity, self.root)[kept]
        sums = np.bincount(positions, weights=values[kept]).astype(np.float32)
        rows = np.flatnonzero(sums)
        return rows, sums[rows]
