"""uprate: carry amounts to the spec's year, and derive what a donor's predictors need."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...population import Population, evaluate
from ...spec.expression import parse
from ..task import Task
from .shared import TRUTH, read_population, write_population


def run(task: Task) -> dict[str, Any]:
    params = task.step.params
    population = uprated(read_population(task.input("load")), params["factors"])
    for name, entity, expression in params["derive"]:
        values = evaluate(parse(expression), population, entity)
        population = population.with_columns(entity, {name: values})
    write_population(population, task.out)
    return {"factors": params["factors"]}


def uprated(population: Population, factors: dict[str, float]) -> Population:
    """Every amount times its growth factor, the truth that was set aside as well."""
    fresh: dict[str, dict[str, np.ndarray]] = {}
    for column, entity in population.variables.items():
        factor = factors.get(column.removeprefix(TRUTH))
        if factor is not None:
            fresh.setdefault(entity, {})[column] = population.column(column).astype(np.float64) * factor
    for entity, columns in fresh.items():
        population = population.with_columns(entity, columns)
    return population
