"""The one data type: entity tables, the links between them, and typed weights on the root entity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from ..spec.entities import Entities
from ..spec.errors import Problem, SpecError, did_you_mean
from .arrays import How, aggregate, locate
from .columns import as_column, as_table, replace_columns, to_array
from .io import read_tables, write_tables
from .validate import Positions, structural_columns, validate
from .weights import DESIGN_WEIGHT, WEIGHT_COLUMNS, WeightKind, weight_fault


class Population:
    """Households and all within them: one table an entity, rows linked upward by `<group>_id`.

    entities: which entities there are, and what lies within what. tables: one DataFrame an entity, one row a
    unit, with its key, a link column for each group it lies within, and its variables (bool, number or text).
    A variable's name is unique over all tables; the root (household) carries `design_weight` and, once
    calibrated, `weight`. Never changed in place: every method that alters something returns a new
    Population, which shares the columns that stay.
    Raises SpecError with counts for repeated keys, links to nowhere, links that disagree, a name in two
    tables, and negative, missing or infinite weights.
    """

    def __init__(self, entities: Entities, tables: Mapping[str, pd.DataFrame]):
        plain = {name: as_table(table) for name, table in tables.items()}
        positions = validate(entities, plain)
        self._set(entities, plain, positions)

    def _set(self, entities: Entities, tables: dict[str, pd.DataFrame], positions: Positions) -> None:
        self.entities = entities
        self.tables = tables
        self._positions = positions
        self._home = {
            column: entity
            for entity, table in tables.items()
            for column in table.columns.difference(structural_columns(entities, entity)[1:], sort=False)
        }

    def _derive(self, tables: dict[str, pd.DataFrame], positions: Positions) -> Population:
        """A Population over tables that are valid because they come out of this one."""
        derived = object.__new__(Population)
        derived._set(self.entities, tables, positions)
        return derived

    def __repr__(self) -> str:
        sizes = ", ".join(f"{self.size(name):,} {name}" for name in self.entities)
        return f"Population({sizes}; {len(self._home) - len(self.entities)} variables)"

    def size(self, entity: str) -> int:
        """Number of rows of `entity`."""
        return len(self.tables[entity])

    @property
    def variables(self) -> dict[str, str]:
        """Every column that is no key or link, with the entity whose table holds it."""
        keys = {entity.key for entity in self.entities.values()}
        return {column: entity for column, entity in self._home.items() if column not in keys}

    def entity_of(self, column: str) -> str:
        """The entity whose table holds `column` (for `household_id`: household); SpecError if none does."""
        if column not in self._home:
            raise SpecError(Problem(f"unknown column {column!r}", hint=did_you_mean(column, self._home)))
        return self._home[column]

    def column(self, name: str) -> np.ndarray:
        """(rows of its entity,) values: bool, integer, float, or object for text. Read only."""
        return to_array(self.tables[self.entity_of(name)][name])

    def positions(self, entity: str, group: str) -> np.ndarray:
        """(rows of entity,) row number, in `group`, of the group each row lies within."""
        if entity == group:
            return np.arange(self.size(entity))
        if not self.entities.is_above(group, entity):
            raise ValueError(f"{entity} does not lie within {group}")
        if (entity, group) not in self._positions:
            key = self.entities[group].key
            self._positions[entity, group] = locate(
                self.tables[group][key].to_numpy(), self.tables[entity][key].to_numpy()
            )
        return self._positions[entity, group]

    def broadcast(self, values: np.ndarray, group: str, entity: str) -> np.ndarray:
        """Give each row of `entity` the value of its group: (rows of group,) becomes (rows of entity,)."""
        values = self._checked(values, group)
        return values if entity == group else values[self.positions(entity, group)]

    def aggregate(self, values: np.ndarray, entity: str, group: str, how: How) -> np.ndarray:
        """One value per group out of its rows; see `arrays.aggregate` for empty groups and NaN.

        values: (rows of entity,). how: sum, any, all, count (of true rows), max, min or mean.
        """
        values = self._checked(values, entity)
        return aggregate(values, self.positions(entity, group), self.size(group), how)

    def of_role(self, values: np.ndarray, role: str, group: str) -> np.ndarray:
        """The value of the member who holds `role` in each group, e.g. the age of the head of each tax unit.

        values: (rows of the entity whose boolean column marks the role,). Returns (rows of group,); where no
        one holds the role: False, or NaN (numbers become floats). Raises SpecError if the group knows no such
        role, or more than one member of a group holds it.
        """
        roles = self.entities[group].roles
        if role not in roles:
            raise SpecError(Problem(f"{group} has no role {role!r}", hint=did_you_mean(role, roles)))
        member = self.entity_of(roles[role])
        values = self._checked(values, member)
        holders = np.flatnonzero(self.column(roles[role]))
        places = self.positions(member, group)[holders]
        crowded = int(np.count_nonzero(np.bincount(places, minlength=self.size(group)) > 1))
        if crowded:
            raise SpecError(f"{crowded:,} rows of {group} have more than one {role} ({roles[role]})")
        out = _absent(values.dtype, self.size(group))
        out[places] = values[holders]
        return out

    def weights(self, kind: WeightKind = "design", entity: str | None = None) -> np.ndarray:
        """(rows of entity,) float64 weights of the root, broadcast to `entity` (default: the root itself).

        Raises ValueError where the population has not been calibrated and `kind` is "calibrated".
        """
        root = self.entities.root
        column = WEIGHT_COLUMNS[kind]
        if column not in self.tables[root]:
            raise ValueError(f"the population carries no {kind} weights (column {column!r} of {root})")
        values = self.column(column).astype(np.float64, copy=False)
        return self.broadcast(values, root, root if entity is None else entity)

    def select(self, households: np.ndarray) -> Population:
        """The chosen rows of the root with everything within them, order kept; no unit is ever split.

        households: (rows of root,) bool.
        """
        root = self.entities.root
        households = self._checked(households, root)
        if households.dtype != bool:
            raise ValueError(f"select needs a boolean mask, got {households.dtype}")
        tables = {
            entity: table[self.broadcast(households, root, entity)].reset_index(drop=True)
            for entity, table in self.tables.items()
        }
        return self._derive(tables, {})

    def with_columns(self, entity: str, columns: Mapping[str, np.ndarray]) -> Population:
        """This population with variables of `entity` added or replaced.

        columns: {name: (rows of entity,)}. Raises ValueError for a key, a link, a wrong length or a name
        that another table holds; SpecError for weights that are negative, missing or infinite.
        """
        fresh = {}
        for name, values in columns.items():
            if any(name == other.key for other in self.entities.values()):
                raise ValueError(f"{name!r} is a key: build a new Population to change links")
            if self._home.get(name, entity) != entity:
                raise ValueError(f"column {name!r} already stands in table {self._home[name]!r}")
            values = self._checked(values, entity)
            if name in WEIGHT_COLUMNS.values():
                self._check_weight(name, values, entity)
            fresh[name] = as_column(values, name)
        table = replace_columns(self.tables[entity], fresh)
        return self._derive({**self.tables, entity: table}, self._positions)

    def drop_columns(self, names: Iterable[str]) -> Population:
        """This population without the named variables; SpecError for an unknown one, ValueError for a key."""
        dropped: dict[str, list[str]] = {}
        for name in names:
            entity = self.entity_of(name)
            if name in (self.entities[entity].key, DESIGN_WEIGHT):
                raise ValueError(f"{name!r} cannot be dropped: the population rests on it")
            dropped.setdefault(entity, []).append(name)
        tables = {entity: self.tables[entity].drop(columns=columns) for entity, columns in dropped.items()}
        return self._derive({**self.tables, **tables}, self._positions)

    def write(self, folder: str | Path) -> list[Path]:
        """Write one parquet an entity into `folder`; the same population gives the same bytes."""
        return write_tables(self.tables, Path(folder))

    @classmethod
    def read(cls, folder: str | Path, entities: Entities) -> Population:
        """Read what `write` wrote, and validate it; SpecError for missing files."""
        return cls(entities, read_tables(Path(folder), entities))

    def _checked(self, values: np.ndarray, entity: str) -> np.ndarray:
        values = np.asarray(values)
        if values.shape != (self.size(entity),):
            raise ValueError(f"expected {self.size(entity)} values of {entity}, got shape {values.shape}")
        return values

    def _check_weight(self, name: str, values: np.ndarray, entity: str) -> None:
        root = self.entities.root
        if entity != root:
            raise ValueError(f"only {root} carries weights, not {entity}")
        fault = weight_fault(name, values, root)
        if fault:
            raise SpecError(fault)


def _absent(dtype: np.dtype, size: int) -> np.ndarray:
    """Values of groups in which no one holds a role: False, or NaN (for text too)."""
    if dtype.kind == "b":
        return np.zeros(size, dtype=bool)
    return np.full(size, np.nan, dtype=object if dtype.kind == "O" else np.float64)
