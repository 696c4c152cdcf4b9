"""export: every entity as parquet, and the dataset that the rules engine's own users open."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ...spec.registry import ENGINES
from ..task import Task
from .shared import TRUTH, base_population
from .simulate import engine_inputs


def run(task: Task) -> dict[str, Any]:
    params = task.step.params
    population = base_population(task)
    weights = pd.read_parquet(task.input("calibrate") / "weights.parquet")
    root = population.entities.root
    population = population.drop_columns([name for name in population.variables if name.startswith(TRUTH)])
    population = population.with_columns(
        root, {"design_weight": weights["design_weight"].to_numpy(), "weight": weights["weight"].to_numpy()}
    )
    population.write(task.out / "tables")
    for name, mappings in params["engines"].items():
        engine = ENGINES.load(name)(task.cache)
        inputs = engine_inputs(population, mappings)
        path = task.out / "population.h5"
        engine.write_dataset(population, inputs, population.weights("calibrated"), path, params["period"])
    return {"rows": {entity: population.size(entity) for entity in population.entities}}
