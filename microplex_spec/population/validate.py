"""Checks a population's tables against its entities: keys, links, names, weights; faults come with counts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..spec.entities import Entities
from ..spec.errors import Problems
from .arrays import locate
from .weights import DESIGN_WEIGHT, WEIGHT_COLUMNS, weight_fault

type Positions = dict[tuple[str, str], np.ndarray]


def validate(entities: Entities, tables: Mapping[str, pd.DataFrame]) -> Positions:
    """Raise SpecError with every fault of the tables; return where each row's groups stand.

    Returns {(entity, group): (rows of entity,) row number in group}, as checking a link resolves it.
    """
    problems = Problems()
    for name in sorted(set(tables) - set(entities)):
        problems.unknown("entity", name, entities)
    for name in sorted(set(entities) - set(tables)):
        problems.add(f"entity {name!r} has no table")
    problems.raise_if_any()
    for entity in entities:
        _check_columns(entity, entities, tables[entity], problems)
    _check_names(entities, tables, problems)
    _check_weights(entities.root, tables, problems)
    problems.raise_if_any()
    positions = _resolve(entities, tables, problems)
    problems.raise_if_any()
    _check_nesting(entities, positions, problems)
    problems.raise_if_any()
    return positions


def structural_columns(entities: Entities, entity: str) -> list[str]:
    """The key and the links of an entity's table: everything that is not a variable."""
    return [entities[entity].key, *(entities[group].key for group in entities[entity].within)]


def _check_columns(entity: str, entities: Entities, table: pd.DataFrame, problems: Problems) -> None:
    for column in structural_columns(entities, entity):
        if column not in table:
            problems.add(f"table {entity!r} lacks the column {column!r}")
        elif table[column].dtype.kind == "f" and table[column].isna().any():
            problems.add(f"missing {column}: {int(table[column].isna().sum()):,} rows of {entity}")
        elif table[column].dtype.kind not in "iu":
            problems.add(f"{column} of {entity} must be integers, got {table[column].dtype}")
    key = entities[entity].key
    if key in table and not table[key].is_unique:
        problems.add(f"{key} repeats in {int(table[key].duplicated().sum()):,} rows of {entity}")


def _check_names(entities: Entities, tables: Mapping[str, pd.DataFrame], problems: Problems) -> None:
    keys = {entity.key for entity in entities.values()}
    home: dict[str, str] = {}
    for entity in entities:
        structural = structural_columns(entities, entity)
        for column in tables[entity].columns:
            if column in structural:
                continue
            if column in keys:
                problems.add(f"{column} stands in table {entity!r}, which has no such link")
            elif column in home:
                problems.add(f"column {column!r} stands in two tables: {home[column]} and {entity}")
            else:
                home[column] = entity


def _check_weights(root: str, tables: Mapping[str, pd.DataFrame], problems: Problems) -> None:
    if DESIGN_WEIGHT not in tables[root]:
        problems.add(f"table {root!r} lacks the column {DESIGN_WEIGHT!r}")
    for column in WEIGHT_COLUMNS.values():
        if column in tables[root]:
            fault = weight_fault(column, tables[root][column].to_numpy(), root)
            if fault:
                problems.add(fault)
        for entity in tables:
            if entity != root and column in tables[entity]:
                problems.add(f"only {root} carries weights, but {column!r} stands in {entity}")


def _resolve(entities: Entities, tables: Mapping[str, pd.DataFrame], problems: Problems) -> Positions:
    positions: Positions = {}
    for entity in entities:
        for group in entities[entity].within:
            key = entities[group].key
            rows = locate(tables[group][key].to_numpy(), tables[entity][key].to_numpy())
            lost = int(np.count_nonzero(rows < 0))
            if lost:
                problems.add(f"{lost:,} of {len(rows):,} rows of {entity} link to no {group} by {key}")
            positions[entity, group] = rows
    return positions


def _check_nesting(entities: Entities, positions: Positions, problems: Problems) -> None:
    """A person's household must be that of his tax unit, else selection would split a group."""
    for (entity, group), rows in positions.items():
        for above in entities[group].within:
            if not entities.is_above(above, entity):
                continue
            differ = int(np.count_nonzero(positions[group, above][rows] != positions[entity, above]))
            if differ:
                problems.add(f"{differ:,} rows of {entity} lie in another {above} than their {group}")
