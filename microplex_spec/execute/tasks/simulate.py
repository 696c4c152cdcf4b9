"""simulate: what a rules engine computes for one year, for all households at once or a part of them at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ...microsim.base import EngineInput
from ...population import Population, evaluate
from ...spec.expression import parse
from ...spec.registry import ENGINES
from ..task import Task
from .shared import base_population, read_parquet_columns


def run(task: Task) -> dict[str, Any]:
    return _simulate(task, base_population(task))


def run_part(task: Task) -> dict[str, Any]:
    """The households of one part; which they are is left beside their results."""
    assert task.part is not None
    first, last = task.part
    population = base_population(task)
    chosen = np.zeros(population.size(population.entities.root), dtype=bool)
    chosen[first:last] = True
    (task.out / "rows.json").write_text(json.dumps([first, last]), encoding="utf-8")
    return _simulate(task, population.select(chosen))


def join(task: Task) -> dict[str, Any]:
    """Put the parts together in the row order of the whole population."""
    population = base_population(task)
    root = population.entities.root
    tables: dict[str, dict[str, np.ndarray]] = {}
    for part in task.parts:
        first, last = json.loads((part / "rows.json").read_text(encoding="utf-8"))
        for path in sorted((part / "columns").glob("*.parquet")):
            places = population.positions(path.stem, root)
            rows = (places >= first) & (places < last)
            whole = tables.setdefault(path.stem, {})
            for name, values in read_parquet_columns(path).items():
                whole.setdefault(name, np.empty(population.size(path.stem), dtype=values.dtype))[rows] = values
    _write(tables, task.out)
    return {"outputs": sum(map(len, tables.values())), "parts": len(task.parts)}


def _simulate(task: Task, population: Population) -> dict[str, Any]:
    params = task.step.params
    engine = ENGINES.load(params["engine"])(task.cache)
    computed = engine.simulate(
        population,
        engine_inputs(population, params["inputs"]),
        params["outputs"],
        params["period"],
        params["dataset_period"],
        population.weights(),
    )
    tables: dict[str, dict[str, np.ndarray]] = {}
    for name, (entity, values) in computed.items():
        tables.setdefault(entity, {})[f"{params['engine']}.{name}"] = values
    _write(tables, task.out)
    return {"outputs": len(computed), "libraries": engine.libraries()}


def _write(tables: dict[str, dict[str, np.ndarray]], out: Path) -> None:
    folder = out / "columns"
    folder.mkdir()
    for entity, columns in sorted(tables.items()):
        table = pa.table({name: pa.array(values) for name, values in sorted(columns.items())})
        pq.write_table(table, folder / f"{entity}.parquet", compression="zstd")


def engine_inputs(population: Population, mappings: list[dict[str, Any]]) -> list[EngineInput]:
    """The columns that feed an engine, with the persons among whom an amount is split."""
    return [
        EngineInput(
            variable=mapping["variable"],
            entity=population.entity_of(mapping["column"]),
            values=population.column(mapping["column"]),
            split=mapping["split"],
            where=evaluate(parse(mapping["where"]), population, population.entities.member)
            if mapping["where"]
            else None,
        )
        for mapping in mappings
    ]
