"""The universe of an imputed variable: the rows that can hold a value, and the values that are modelled there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..population import Population, evaluate
from ..spec.expression import parse


def universe(population: Population, params: Mapping[str, Any]) -> np.ndarray:
    """(rows of the entity,) bool: the rows that can hold a value: not structurally zero, with a total to share.

    params: entity, zero_when and share_of of the variable; the last two may be None.
    """
    rows = np.ones(population.size(params["entity"]), dtype=bool)
    if params["zero_when"]:
        rows &= ~evaluate(parse(params["zero_when"]), population, params["entity"])
    if params["share_of"]:
        rows &= population.column(params["share_of"]) != 0
    return rows


def total(population: Population, params: Mapping[str, Any]) -> np.ndarray:
    """The total of which the variable is a share; NaN where it is zero and no share exists."""
    values = population.column(params["share_of"]).astype(np.float64)
    return np.where(values == 0, np.nan, values)


def modelled(population: Population, params: Mapping[str, Any]) -> np.ndarray:
    """(rows of the entity,) what an imputer learns of a donor: the variable's values, or its shares of the total."""
    values = population.column(params["variable"]).astype(np.float64)
    return values / total(population, params) if params["share_of"] else values
