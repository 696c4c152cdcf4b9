"""impute: fit one variable on its donor, draw it for the base, keep its structural guarantees."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...impute import Imputer, make_imputer
from ...population import Population, evaluate
from ...population.codes import code_numbers, code_shares, codes_of, known_codes
from ...spec.expression import parse
from ..task import Task
from ..universe import modelled, total, universe
from .shared import base_population, read_population, record_ids, weighted_shares, write_column


def run(task: Task) -> dict[str, Any]:
    begun = time.perf_counter()
    params = task.step.params
    base, donor = base_population(task), read_population(task.input("uprate", params["donor"]))
    entity, variable = params["entity"], params["variable"]
    donors, recipients = universe(donor, params), universe(base, params)
    known = known_codes(donor.column(variable)) if params["dtype"] == "code" else None
    y = donor.column(variable).astype(np.float64) if known is None else code_numbers(donor.column(variable), known)
    learned = modelled(donor, params) if known is None else y
    weights = donor.weights("design", entity)
    imputer, values = _drawn(task, base, donor, learned, donors, recipients)
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
        "donor_shares": shares(y, weights, known),
        "drawn_shares": shares(values, base.weights("design", entity), known),
        "importances": dict(zip(params["predictors"], np.round(imputer.feature_importances_, 6).tolist(), strict=True)),
    }
    return write_column(task.out, entity, as_declared(values, params["dtype"], known), record)


def _drawn(
    task: Task, base: Population, donor: Population, learned: np.ndarray, donors: np.ndarray, recipients: np.ndarray
) -> tuple[Imputer, np.ndarray]:
    """The imputer fitted on the donors' rows, and a value for each row of the base: zero where it is no recipient."""
    params = task.step.params
    entity, variable, seed = params["entity"], params["variable"], params["seed"]
    donor_x, base_x = predictors([donor, base], entity, params["predictors"])
    imputer = make_imputer(
        task.step.backend,
        regime=params["regime"],
        seed=seed,
        stream=variable,
        stray_tolerance=params["stray_tolerance"],
        **params["params"],
    )
    imputer.fit(donor_x[donors], learned[donors], sample_weight=donor.weights("design", entity)[donors])
    values = np.zeros(base.size(entity))
    if recipients.any():
        values[recipients] = imputer.draw(base_x[recipients], seed, ids=record_ids(base, entity)[recipients])
    return imputer, values


def shares(values: np.ndarray, weights: np.ndarray, known: list[str] | None) -> dict[str, float]:
    """Weighted shares of the signs of a variable, or of its codes."""
    if known is None:
        return weighted_shares(values, weights)
    return dict(zip(known, code_shares(values, weights, known).tolist(), strict=True))


def as_declared(values: np.ndarray, dtype: str, known: list[str] | None) -> np.ndarray:
    """Drawn numbers as what the variable holds: flags, codes or numbers."""
    if known is not None:
        return codes_of(values, known)
    return values != 0 if dtype == "bool" else values


def restored(shares: np.ndarray, totals: np.ndarray, donor_values: np.ndarray) -> np.ndarray:
    """Drawn shares as amounts of their totals: never above these, nor nearer to zero than any donor's amount is.

    An amount that would be is moved to the donors' smallest, or to the whole of a total that is smaller still.
    """
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
            known = known_codes(*columns)
            columns = [code_numbers(column, known) for column in columns]
        # What float32 cannot hold is infinite there, which the imputer tells.
        with np.errstate(over="ignore"):
            for matrix, column in zip(out, columns, strict=True):
                matrix[:, index] = column
    return out
