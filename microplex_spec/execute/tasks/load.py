"""load: read a source, take the run's sample of households, keep the declared columns, set the truth aside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...population import Population
from ...spec.errors import SpecError
from ...spec.hashing import file_sha256
from ...spec.record import as_read
from ...spec.registry import READERS
from ...streams import uniforms
from ..source_files import named_files
from ..task import Task
from .shared import TRUTH, entities_of, record_ids, write_population


def run(task: Task) -> dict[str, Any]:
    params = task.step.params
    reader = READERS.load(params["reader"])(as_read(params["params"]), Path(task.step.meta["folder"]))
    for name, path in named_files(reader.files()).items():
        if file_sha256(path, task.cache) != params["files"][name]:
            raise SpecError(f"{name} has changed since the plan was made; plan again")
    population = reader.read(entities_of(params))
    if params["sample"]:
        population = sample(population, params["sample"]["households"], params["sample"]["seed"], params["source"])
    population = keep(population, params["columns"], set(params["truth"]))
    write_population(population, task.out)
    return {"rows": {entity: population.size(entity) for entity in population.entities}}


def sample(population: Population, households: int, seed: int, source: str) -> Population:
    """A simple random sample of households, weights raised so that it stands for as many."""
    root = population.entities.root
    total = population.size(root)
    ranks = np.argsort(uniforms(seed, f"sample/{source}", record_ids(population, root)), kind="stable")
    chosen = np.zeros(total, dtype=bool)
    chosen[ranks[:households]] = True
    taken = population.select(chosen)
    return taken.with_columns(root, {"design_weight": taken.weights() * (total / households)})


def keep(population: Population, columns: dict[str, str], truth: set[str]) -> Population:
    """Only the declared columns under their own names; those to be imputed become truth.<name>."""
    tables: dict[str, pd.DataFrame] = {}
    for entity, table in population.tables.items():
        row = population.entities[entity]
        kept = [row.key, *(population.entities[group].key for group in row.within)]
        if entity == population.entities.root:
            kept.append("design_weight")
        fresh = {name: table[name] for name in kept}
        for name, column in columns.items():
            if column in table.columns:
                fresh[f"{TRUTH}{name}" if name in truth else name] = table[column]
        tables[entity] = pd.DataFrame(fresh)
    return Population(population.entities, tables)
