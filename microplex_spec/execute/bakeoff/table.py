"""The rows of a bakeoff: read from their source, sampled and split by groups, the same for every method."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...population import Population
from ...spec.bakeoffs import Bakeoff
from ...spec.check_sources import make_reader
from ...spec.entities import Entities, Entity
from ...spec.errors import Problem, Problems, SpecError, did_you_mean
from ...spec.expression import parse
from ...spec.expression_check import ColumnInfo, check
from ...spec.hashing import file_sha256
from ...spec.load import load_spec
from ...spec.places import read_record
from ...spec.project import Project
from ...spec.registry import READERS
from ...spec.yaml_reader import Document
from ...streams import uniforms
from ..tasks.impute import predictors


@dataclass(frozen=True)
class Split:
    """Training and test rows with their design weights; no group has rows in both."""

    train: pd.DataFrame
    test: pd.DataFrame
    train_weights: np.ndarray
    test_weights: np.ndarray


@dataclass(frozen=True)
class Table:
    """All rows: their columns as numbers, weights (n,), and the group (n,) of each, from 0 up."""

    columns: pd.DataFrame
    weights: np.ndarray
    groups: np.ndarray

    def split(self, rows: int, test_share: float, seed: int) -> Split:
        """Whole groups at random until the rows are reached, and of these the test share; SpecError if there are fewer.

        Groups come in one order a seed, so that the rows of a smaller scale are among those of a larger one.
        """
        if rows > len(self.columns):
            raise SpecError(f"a scale of {rows:,} rows, of which there are {len(self.columns):,}")
        sizes = np.bincount(self.groups)
        places = np.arange(len(sizes))
        order = np.argsort(uniforms(seed, "bakeoff/sample", places), kind="stable")
        chosen = np.zeros(len(sizes), bool)
        chosen[order[: np.searchsorted(np.cumsum(sizes[order]), rows, side="right")]] = True
        tested = chosen & (uniforms(seed, "bakeoff/test", places) < test_share)
        test, train = tested[self.groups], (chosen & ~tested)[self.groups]
        if not test.any() or not train.any():
            raise SpecError(f"a scale of {rows:,} rows leaves none to train on, or none to test")
        rows_of = [self.columns[mask].reset_index(drop=True) for mask in (train, test)]
        return Split(rows_of[0], rows_of[1], self.weights[train], self.weights[test])


class Origin:
    """Where a bakeoff's rows come from: a reader with its entities. SpecError, with places, for what it cannot give."""

    def __init__(self, project: Project, bakeoff: Bakeoff, document: Document):
        self.bakeoff, self.document, self.cache = bakeoff, document, project.cache
        rows = bakeoff.rows
        if rows.spec is not None and rows.source is not None:
            spec = load_spec(rows.spec, project)
            if rows.source not in spec.sources:
                hint = did_you_mean(rows.source, spec.sources)
                raise SpecError(Problem(f"unknown source {rows.source!r}", document.place("from", "source"), hint))
            self.entities, self.reader = spec.entities, make_reader(spec, spec.sources[rows.source])
        else:
            self.entities = Entities({bakeoff.entity: Entity(name=bakeoff.entity)})
            self.reader = self._own_reader(project)
        if bakeoff.entity not in self.entities:
            place = document.place("entity")
            raise SpecError(
                Problem(f"unknown entity {bakeoff.entity!r}", place, did_you_mean(bakeoff.entity, self.entities))
            )
        self._check_columns()

    def fingerprint(self) -> dict[str, str]:
        """Content of every file that decides the rows, by name."""
        return {path.name: file_sha256(path, self.cache) for path in self.reader.files()}

    def read(self) -> Table:
        """The rows; SpecError for missing values, since distances are taken between all of them."""
        bakeoff = self.bakeoff
        population = self.reader.read(self.entities)
        given = predictors([population], bakeoff.entity, bakeoff.conditions)[0].astype(np.float64)
        drawn = {name: population.column(name).astype(np.float64) for name in bakeoff.draw}
        columns = pd.DataFrame({**dict(zip(bakeoff.conditions, given.T, strict=True)), **drawn})
        problems = Problems()
        for name, missing in (~np.isfinite(columns)).sum().items():
            if missing:
                kind = ("draw", name) if name in drawn else ("conditions", bakeoff.conditions.index(str(name)))
                problems.add(f"{name}: {missing:,} of {len(columns):,} rows have no value", self.document.place(*kind))
        problems.raise_if_any()
        weights = population.weights("design", bakeoff.entity)
        return Table(columns, weights if bakeoff.weighted else np.ones(len(weights)), self._groups(population))

    def _own_reader(self, project: Project) -> Any:
        rows, problems = self.bakeoff.rows, Problems()
        if rows.reader not in READERS.names():
            problems.unknown("reader", rows.reader, READERS.names(), self.document.place("from", "reader"))
            problems.raise_if_any()
        reader = READERS.load(str(rows.reader))
        what = f"reader {rows.reader!r}"
        params = read_record(reader.Params, rows.params, self.document, ("from", "params"), problems, what)
        problems.raise_if_any()
        made = reader(params, project.conf / "bakeoffs")
        for path in made.files():
            if not Path(path).is_file():
                problems.add(f"no such file: {project.shown(path)}", self.document.place("from", "params", key=True))
        problems.raise_if_any()
        return made

    def _check_columns(self) -> None:
        bakeoff, problems = self.bakeoff, Problems()
        held = self.reader.columns()
        own = {name: column for name, column in held.items() if column.entity == bakeoff.entity}
        for name in bakeoff.draw:
            place = self.document.place("draw", name, key=True)
            if name not in own:
                problems.unknown(f"column of {bakeoff.entity}", name, own, place)
            elif own[name].dtype == "code":
                problems.add(f"{name} is a code, and imputers draw numbers", place)
        infos = {name: ColumnInfo(column.entity, column.dtype) for name, column in held.items()}
        for index, text in enumerate(bakeoff.conditions):
            expression = parse(text, self.document.place("conditions", index))
            try:
                check(expression, bakeoff.entity, self.entities, infos, ())
            except SpecError as error:
                problems.absorb(error)
        for index, name in enumerate(bakeoff.group):
            if name not in {*own, *self.entities}:
                known = [*own, *self.entities]
                problems.unknown("column or entity", name, known, self.document.place("group", index))
            elif name not in own and name != bakeoff.entity and not self.entities.is_above(name, bakeoff.entity):
                problems.add(f"{bakeoff.entity} lies in no {name}", self.document.place("group", index))
        problems.raise_if_any()

    def _groups(self, population: Population) -> np.ndarray:
        """The group of each row; every row is its own where none is declared."""
        entity = self.bakeoff.entity
        if not self.bakeoff.group:
            return np.arange(population.size(entity))
        keys = pd.DataFrame(
            {
                name: population.positions(entity, name) if name in self.entities else population.column(name)
                for name in self.bakeoff.group
            }
        )
        return keys.groupby(list(keys.columns), sort=True).ngroup().to_numpy()
