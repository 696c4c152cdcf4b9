"""impute: fit one variable on its donor, draw it for the base, keep its structural guarantees."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...impute import make_imputer
from ...population import Population, evaluate
from ...spec.expression import parse
from ..task import Task
from ..universe import modelled, total, universe
from .shared import base_population, read_population, record_ids, weighted_shares, write_column


def run(task: Task) -> dict[str, Any]:
    begun = time.perf_counter()
    params = task.step.params
    base, donor = base_population(task), read_population(task.input("uprate", params["donor"]))
    entity, variable, seed = params["entity"], params["variable"], params["seed"]
    donors, recipients = universe(donor, params), universe(base, params)
    donor_x, base_x = predictors([donor, base], entity, params["predictors"])
    y = donor.column(variable).astype(np.float64)
    weights = donor.weights("design", entity)
    imputer = make_imputer(
        task.step.backend,
        regime=params["regime"],
        seed=seed,
        stream=variable,
        stray_tolerance=params["stray_tolerance"],
        **params["params"],
    )
    imputer.fit(donor_x[donors], modelled(donor, params)[donors], sample_weight=weights[donors])
    values = np.zeros(base.size(entity))
    if recipients.any():
        values[recipients] = imputer.draw(base_x[recipients], seed, ids=record_ids(base, entity)[recipients])
    if params["share_of"]:
        values = restored(values, total(base, params), y[donors])
    values, clipped = within(values, params["bounds"])
    record = {
        "source": params["donor"],
        "seconds": round(time.perf_counter() - begun, 3),
        "regime": params["regime"],
        "backend": task.step.backend,
        "donors": int(donors.sum()),
        "recipients": int(recipients.sum()),
        "strays": int(imputer.n_strays_),
        "clipped": clipped,
        "donor_shares": weighted_shares(y, weights),
        "drawn_shares": weighted_shares(values, base.weights("design", entity)),
        "importances": dict(zip(params["predictors"], np.round(imputer.feature_importances_, 6).tolist(), strict=True)),
    }
    return write_column(task.out, entity, values != 0 if params["dtype"] == "bool" else values, record)


def restored(shares: np.ndarray, totals: np.ndarray, donor_values: np.ndarray) -> np.ndarray:
    """Drawn shares as amounts of their totals: never above them, never between zero and the donors' smallest amount."""
    values = np.where(shares == 0, 0.0, shares * totals)
    positive, negative = donor_values[donor_values > 0], donor_values[donor_values < 0]
    if len(positive):
        low = (values > 0) & (values < positive.min())
        values[low] = np.minimum(positive.min(), totals[low])
    if len(negative):
        high = (values < 0) & (values > negative.max())
        values[high] = np.maximum(negative.max(), totals[high])
    return values


def within(values: np.ndarray, bounds: dict[str, float | None] | None) -> tuple[np.ndarray, int]:
    """Values moved to the declared bounds, and how many were; a zero stays one, as its regime promises."""
    if not bounds:
        return values, 0
    moved = np.where(values == 0, values, np.clip(values, bounds["min"], bounds["max"]))
    return moved, int(np.count_nonzero(moved != values))


def predictors(populations: Sequence[Population], entity: str, texts: Sequence[str]) -> list[np.ndarray]:
    """(rows, predictors) float matrices of several populations; codes become ranks over all that any of them holds."""
    out = [np.empty((population.size(entity), len(texts)), dtype=np.float32) for population in populations]
    for index, text in enumerate(texts):
        columns = [evaluate(parse(text), population, entity) for population in populations]
        if columns[0].dtype == object:
            known = sorted({code for column in columns for code in column.tolist() if isinstance(code, str)})
            ranks = {code: rank for rank, code in enumerate(known)}
            columns = [np.array([ranks.get(code, np.nan) for code in column.tolist()]) for column in columns]
        for matrix, column in zip(out, columns, strict=True):
            matrix[:, index] = column
    return out
