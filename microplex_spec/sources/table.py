"""Reader `table`: any survey kept as parquet or CSV files, one or more an entity, linked by key columns."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..spec.entities import Entities
from ..spec.errors import Problem, Problems, SpecError, did_you_mean
from ..spec.expression import parse
from .base import Column, Reader
from .table_params import TableParams, as_names
from .table_rows import EntityFiles, check_unique, examples, key_ids, locate_keys

if TYPE_CHECKING:
    import pandas as pd

    from ..population import Population


class Table(Reader):
    """A survey of files as a Population; a flat file (one entity, the root) serves as a donor table.

    The keys of `params` are told in `TableParams` and `EntityTable`. Key, link and weight columns become ids
    and `design_weight`; to keep one as a variable too, name it under `rename` or `columns`. Rows are put in
    the order of their ids. A link that no table states is followed through another (person -> tax unit ->
    household), and `tax_unit: {each: household}` makes one tax unit of each household.
    """

    version = 1
    Params = TableParams

    params: TableParams

    def files(self) -> list[Path]:
        found = [path for source in self._sources.values() for path in [*source.paths, *source.joined_paths]]
        return list(dict.fromkeys(found))

    def columns(self) -> dict[str, Column]:
        problems = Problems()
        columns: dict[str, Column] = {}
        for entity, source in self._sources.items():
            kinds = source.kinds()
            for name, variable in source.variables().items():
                kind = kinds[name]
                if kind is None:
                    problems.add(f"{entity}: {name!r} holds no numbers, booleans or text", hint="name it under drop")
                elif variable in columns:
                    problems.add(
                        f"{variable!r} is a column of {columns[variable].entity} and of {entity}",
                        hint="rename one of them, or name it under drop",
                    )
                else:
                    columns[variable] = Column(entity, kind)
        known = {*columns, *(name for source in self._sources.values() for name in source.kinds())}
        for name in self.params.types:
            if name not in known:
                problems.unknown("column under types:", name, known)
        problems.raise_if_any()
        return columns

    def read(self, entities: Entities) -> Population:
        import pandas as pd

        from ..population import Population, evaluate

        self._check_entities(entities)
        self.columns()
        sources = self._sources
        rows = {name: source.read() for name, source in sources.items()}
        links = _Links(self.params, sources, rows)
        tables = {}
        for name, entity in entities.items():
            ids = {entity.key: links.ids(name, name)}
            ids |= {entities[group].key: links.ids(name, group) for group in entity.within}
            values = {}
            if name in sources:
                values = {new: rows[name][old].array for old, new in sources[name].variables().items()}
            if name == self.params.root:
                values["design_weight"] = self._weights(rows[name])
            tables[name] = pd.DataFrame(ids | values).sort_values(entity.key, ignore_index=True)
        population = Population(entities, tables)
        if self.params.where is None:
            return population
        return population.select(evaluate(parse(self.params.where), population, entities.root))

    @cached_property
    def _sources(self) -> dict[str, EntityFiles]:
        root = self.params.root
        return {
            name: EntityFiles(
                name,
                table,
                self.base_folder,
                self.params.types,
                self.params.weight if name == root else None,
            )
            for name, table in self.params.tables.items()
            if table.each is None
        }

    def _weights(self, rows: pd.DataFrame) -> np.ndarray:
        from ..population.weights import bad_weights

        if self.params.weight is None:
            return np.ones(len(rows))
        weights = rows[self.params.weight]
        if weights.dtype.kind not in "iuf":
            raise SpecError(f"the weight {self.params.weight!r} holds text, not numbers")
        bad, what = bad_weights(weights.to_numpy())
        if what:
            key = list(as_names(self.params.tables[self.params.root].key)) or [self.params.weight]
            raise SpecError(
                f"{what} weights in {self.params.weight}: {int(bad.sum()):,} of {len(rows):,}"
                f" rows of {self.params.root}, e.g. {', '.join(key)} {examples(rows[key], bad)}"
            )
        return weights.to_numpy(dtype=np.float64)

    def _check_entities(self, entities: Entities) -> None:
        problems = Problems()
        for name in entities:
            if name not in self.params.tables:
                problems.add(f"no table for the entity {name!r}", hint=did_you_mean(name, self.params.tables))
        for name in self.params.tables:
            if name not in entities:
                problems.unknown("entity under tables:", name, entities)
        problems.raise_if_any()
        if entities.root != self.params.root:
            raise SpecError(f"{self.params.root} links to no table, but the root of the entities is {entities.root}")


class _Links:
    """Ids of every entity's rows, and of the groups they lie within, resolved from key columns."""

    def __init__(self, params: TableParams, sources: dict[str, EntityFiles], rows: dict[str, pd.DataFrame]):
        self._tables = params.tables
        self._own: dict[str, np.ndarray] = {}
        self._direct: dict[tuple[str, str], np.ndarray] = {}
        for name in sources:
            key = list(params.tables[name].key_columns)
            if key:
                check_unique(rows[name][key], f"table {name}")
            self._own[name] = key_ids(rows[name][key]) if key else np.arange(1, len(rows[name]) + 1)
        for name in sources:
            for group, columns in params.tables[name].links.items():
                self._direct[name, group] = self._match(name, group, rows, list(as_names(columns)))

    def ids(self, entity: str, group: str) -> np.ndarray:
        """(rows of entity,) id of the group each row lies within, or of the row itself."""
        each = self._tables[entity].each
        if each is not None:
            return self.ids(each, each if group == entity else group)
        found = self._follow(entity, self._tables[group].each or group)
        if found is None:
            raise SpecError(
                Problem(
                    f"no link leads from {entity} to {group}",
                    hint=f"name its columns under tables.{entity}.links, or build the {group} by each",
                )
            )
        return found

    def _follow(self, entity: str, group: str) -> np.ndarray | None:
        """Ids by the link that is stated, or through the entities that are linked to."""
        if entity == group:
            return self._own[entity]
        if (entity, group) in self._direct:
            return self._direct[entity, group]
        for start, between in self._direct:
            above = self._follow(between, group) if start == entity else None
            if above is not None:
                from ..population.arrays import locate

                return above[locate(self._own[between], self._direct[entity, between])]
        return None

    def _match(self, entity: str, group: str, rows: dict[str, pd.DataFrame], columns: list[str]) -> np.ndarray:
        key = list(self._tables[group].key_columns)
        places = locate_keys(rows[group][key], rows[entity][columns], f"{entity}.links.{group}")
        unmatched = places < 0
        if unmatched.any():
            raise SpecError(
                f"{int(unmatched.sum()):,} of {len(places):,} rows of {entity} link to no {group} by "
                f"{', '.join(columns)}, e.g. {examples(rows[entity][columns], unmatched)}"
            )
        return self._own[group][places]
