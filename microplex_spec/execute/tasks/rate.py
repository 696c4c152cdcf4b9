"""rate: a flag drawn true with a published probability, one stream of uniforms a variable."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...population import evaluate
from ...spec.expression import parse
from ...streams import uniforms
from ..task import Task
from .shared import base_population, record_ids, write_column


def run(task: Task) -> dict[str, Any]:
    params = task.step.params
    population, entity = base_population(task), params["entity"]
    rates = np.full(population.size(entity), params["otherwise"])
    # Backwards, so that the first predicate that holds has the last word.
    for text, rate in reversed(params["by"]):
        rates[evaluate(parse(text), population, entity)] = rate
    drawn = uniforms(params["seed"], f"{params['variable']}/rate", record_ids(population, entity)) < rates
    weights = population.weights("design", entity)
    return write_column(task.out, entity, drawn, {"share": float(np.average(drawn, weights=weights))})
