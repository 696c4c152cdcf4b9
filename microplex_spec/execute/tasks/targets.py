"""targets: every calibration target as a column of one sparse matrix, with the ledger of what it rests on."""

from __future__ import annotations

from typing import Any

from ...calibrate.target_matrix import compile_targets
from ...spec.expression import parse
from ...spec.measure import parse_measure
from ..task import Task
from .shared import base_population


def run(task: Task) -> dict[str, Any]:
    from scipy.sparse import save_npz

    params = task.step.params
    population = base_population(task, _engine_columns(params["targets"]))
    system = compile_targets(population, params["targets"], params["min_support"], params["tolerance"])
    save_npz(task.out / "matrix.npz", system.matrix, compressed=False)
    system.ledger.to_parquet(task.out / "ledger.parquet", index=False)
    return {"statuses": system.ledger["status"].value_counts().to_dict(), "nonzeros": int(system.matrix.nnz)}


def _engine_columns(targets: list[dict[str, Any]]) -> set[str]:
    measures = map(parse_measure, {target["measure"] for target in targets})
    expressions = [measure.argument for measure in measures if measure.argument is not None]
    expressions += [parse(text) for text in {target["where"] for target in targets} - {""}]
    used = {pair for expression in expressions for pair in expression.engine_variables}
    return {f"{engine}.{name}" for engine, name in used}
