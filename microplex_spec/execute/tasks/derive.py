"""derive: a variable computed from others, or from what an engine computed, by its expression."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...population import evaluate
from ...spec.expression import parse
from ..task import Task
from .shared import base_population, write_column


def run(task: Task) -> dict[str, Any]:
    params = task.step.params
    expression = parse(params["expression"])
    engine_columns = {f"{engine}.{name}" for engine, name in expression.engine_variables}
    population = base_population(task, engine_columns)
    values = np.asarray(evaluate(expression, population, params["entity"]))
    if params["dtype"] == "number":
        values = values.astype(np.float64)
    return write_column(task.out, params["entity"], values, {"expression": str(expression)})
