"""What several tasks do: read the base population with the columns made so far, and leave a column behind."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ...population import Population
from ...spec.entities import Entities, Entity
from ...spec.errors import Place, SpecError
from ..task import Task

TRUTH = "truth."
_COLUMN_KINDS = ("impute", "derive", "rate")
_NAMED = re.compile(r"target '([^']+)'")


def entities_of(params: Mapping[str, Any]) -> Entities:
    """The entities that a step's parameters carry."""
    return Entities({name: _entity(data) for name, data in params["entities"].items()})


def _entity(data: Mapping[str, Any]) -> Entity:
    return Entity.model_validate({**data, "within": tuple(data["within"])})


def read_population(artifact: Path) -> Population:
    """The population of a load or uprate artifact."""
    entities = json.loads((artifact / "population" / "entities.json").read_text(encoding="utf-8"))
    return Population.read(artifact / "population", entities_of({"entities": entities}))


def write_population(population: Population, out: Path) -> None:
    folder = out / "population"
    population.write(folder)
    entities = {name: entity.model_dump(mode="json") for name, entity in population.entities.items()}
    (folder / "entities.json").write_text(json.dumps(entities, indent=1) + "\n", encoding="utf-8")


def base_population(task: Task, engine_columns: Collection[str] = ()) -> Population:
    """The base (the first input) with every column that the other inputs made, and the engine's columns asked for."""
    population = read_population(next(iter(task.inputs.values())))
    fresh: dict[str, dict[str, np.ndarray]] = {}
    for step, artifact in task.inputs.items():
        kind, _, name = step.partition(":")
        if kind in _COLUMN_KINDS:
            entity, values = read_column(artifact)
            fresh.setdefault(entity, {})[name] = values
        elif kind == "simulate" and engine_columns:
            for entity, columns in read_engine_columns(artifact, engine_columns).items():
                fresh.setdefault(entity, {}).update(columns)
    for entity, columns in fresh.items():
        population = population.with_columns(entity, columns)
    return population


def read_column(artifact: Path) -> tuple[str, np.ndarray]:
    """(entity, values) of a variable's artifact."""
    entity = json.loads((artifact / "record.json").read_text(encoding="utf-8"))["entity"]
    return entity, _to_numpy(pq.read_table(artifact / "column.parquet")["value"])


def write_column(out: Path, entity: str, values: np.ndarray, record: dict[str, Any]) -> dict[str, Any]:
    """Leave one variable's values with the record of how they were made; returns the record."""
    record = {"entity": entity, **record}
    pq.write_table(pa.table({"value": pa.array(values)}), out / "column.parquet", compression="zstd")
    (out / "record.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return record


def read_engine_columns(artifact: Path, names: Collection[str]) -> dict[str, dict[str, np.ndarray]]:
    """{entity: {engine.variable: values}} of the columns asked for in a simulation artifact."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for path in sorted((artifact / "columns").glob("*.parquet")):
        held = [name for name in pq.read_schema(path).names if name in names]
        if held:
            found[path.stem] = read_parquet_columns(path, held)
    return found


def read_parquet_columns(path: Path, names: list[str] | None = None) -> dict[str, np.ndarray]:
    """{name: values} of a parquet file, all columns or those named."""
    table = pq.read_table(path, columns=names)
    return {name: _to_numpy(table[name]) for name in table.column_names}


def record_ids(population: Population, entity: str) -> np.ndarray:
    """(rows,) what identifies each record to the random streams."""
    return population.column(population.entities[entity].key)


def weighted_shares(values: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """Weighted shares of the signs of a variable."""
    total = float(weights.sum()) or 1.0
    kinds = {"zero": values == 0, "negative": values < 0, "positive": values > 0}
    return {kind: float(weights[mask].sum() / total) for kind, mask in kinds.items()}


def write_csv(rows: pd.DataFrame, path: Path) -> None:
    """CSV with numbers in their shortest exact form, so that equal results are equal bytes."""
    rows.to_csv(path, index=False, lineterminator="\n")


def placed(error: SpecError, places: Mapping[str, Any]) -> SpecError:
    """The error with the file and line of each target that it names. places: [file, line, column] by target id."""
    found = []
    for problem in error.problems:
        named = _NAMED.search(problem.message)
        place = places.get(named[1]) if named and problem.place is None else None
        found.append(replace(problem, place=Place(*place)) if place else problem)
    return SpecError(found)


def _to_numpy(column: pa.ChunkedArray) -> np.ndarray:
    return column.to_pandas().to_numpy(dtype=object if pa.types.is_string(column.type) else None)
