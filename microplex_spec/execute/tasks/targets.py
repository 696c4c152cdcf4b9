"""targets: every calibration target as a column of one sparse matrix, with the ledger of what it rests on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ...calibrate.matrix_file import MatrixWriter, column_counts, join_matrices, read_matrix
from ...calibrate.target_columns import Layout, blocks, lay_out
from ...calibrate.target_matrix import LEDGER, make_ledger
from ...population import Population
from ...spec.errors import SpecError
from ...spec.expression import parse
from ...spec.measure import parse_measure
from ..task import Task
from .shared import base_population, placed

COUNTS, ROWS = "counts.npy", "rows.json"


def run(task: Task) -> dict[str, Any]:
    layout = lay_out(task.step.params["targets"])
    return _finish(task, layout, _write(_population(task), layout, task.out))


def run_part(task: Task) -> dict[str, Any]:
    """The rows of the matrix of some households, and what is counted of them by column."""
    assert task.part is not None
    first, last = task.part
    population = _population(task)
    chosen = np.zeros(population.size(population.entities.root), dtype=bool)
    chosen[first:last] = True
    counts = _write(population.select(chosen), lay_out(task.step.params["targets"]), task.out)
    np.save(task.out / COUNTS, counts)
    (task.out / ROWS).write_text(json.dumps([first, last]), encoding="utf-8")
    return {"households": last - first}


def join(task: Task) -> dict[str, Any]:
    """The parts one below the other, streamed from file to file."""
    layout = lay_out(task.step.params["targets"])
    parts = sorted(task.parts, key=lambda part: json.loads((part / ROWS).read_text(encoding="utf-8")))
    join_matrices(parts, task.out)
    return _finish(task, layout, np.sum([np.load(part / COUNTS) for part in parts], axis=0))


def _write(population: Population, layout: Layout, out: Path) -> np.ndarray:
    """Write the matrix a block of households at a time.

    Returns (2, columns) counts: households of positive weight that contribute, and values missing or infinite.
    """
    bad = np.zeros(len(layout.columns), dtype=np.int64)
    with MatrixWriter(out, len(layout.columns)) as writer:
        for block in blocks(population, layout):
            writer.add(block.matrix)
            bad += block.bad
    return np.array([column_counts(read_matrix(out), population.weights()), bad])


def _finish(task: Task, layout: Layout, counts: np.ndarray) -> dict[str, Any]:
    params, (support, bad) = task.step.params, counts
    try:
        ledger = make_ledger(params["targets"], layout, support, bad, params["min_support"], params["tolerance"])
    except SpecError as error:
        raise placed(error, task.step.meta.get("places", {})) from None
    ledger.to_parquet(task.out / LEDGER, index=False)
    return {"statuses": ledger["status"].value_counts().to_dict(), "nonzeros": int(read_matrix(task.out).nnz)}


def _population(task: Task) -> Population:
    return base_population(task, _engine_columns(task.step.params["targets"]))


def _engine_columns(targets: list[dict[str, Any]]) -> set[str]:
    measures = map(parse_measure, {target["measure"] for target in targets})
    expressions = [measure.argument for measure in measures if measure.argument is not None]
    expressions += [parse(text) for text in {target["where"] for target in targets} - {""}]
    used = {pair for expression in expressions for pair in expression.engine_variables}
    return {f"{engine}.{name}" for engine, name in used}
