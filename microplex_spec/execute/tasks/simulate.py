"""simulate: what a rules engine computes for one year, in the plan's batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ...microsim.base import EngineInput
from ...population import Population, evaluate
from ...spec.expression import parse
from ...spec.registry import ENGINES
from ..task import Task
from .shared import base_population


def run(task: Task) -> dict[str, Any]:
    params, batch = task.step.params, task.step.batch or {}
    population = base_population(task)
    engine = ENGINES.load(params["engine"])(task.cache)
    computed = engine.simulate(
        population,
        engine_inputs(population, params["inputs"]),
        params["outputs"],
        params["period"],
        params["dataset_period"],
        batch.get("households"),
        population.weights(),
    )
    tables: dict[str, dict[str, np.ndarray]] = {}
    for name, (entity, values) in computed.items():
        tables.setdefault(entity, {})[f"{params['engine']}.{name}"] = values
    folder = task.out / "columns"
    folder.mkdir()
    for entity, columns in sorted(tables.items()):
        table = pa.table({name: pa.array(values) for name, values in sorted(columns.items())})
        pq.write_table(table, folder / f"{entity}.parquet", compression="zstd")
    return {"outputs": len(computed), "package": engine.package_version()}


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
