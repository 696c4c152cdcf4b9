"""Columns of the tables that a run left, with the weights of their rows."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq


def weighted_column(run: Path, entity: str, variable: str, weight: str = "weight") -> tuple[np.ndarray, np.ndarray]:
    """(n,) values of a variable in a run's tables, and (n,) weights of their rows: weight or design_weight.

    Raises ValueError where the run has no such table or column.
    """
    try:
        values, weights = _read(run, entity, variable, weight)
    except OSError as error:
        raise ValueError(f"the tables of {run.name} cannot be read: {error}") from None
    known = ~np.isnan(values)
    if not math.fsum(weights[known]) > 0:
        raise ValueError(f"{run.name} has no weighted values of {variable}")
    return values[known], weights[known]


def _read(run: Path, entity: str, variable: str, weight: str) -> tuple[np.ndarray, np.ndarray]:
    path = run / "tables" / f"{entity}.parquet"
    held = pq.read_schema(path).names if path.is_file() else []
    if variable not in held:
        raise ValueError(f"{run.name} has no {variable} of {entity} in its tables")
    if weight in held:
        rows = pd.read_parquet(path, columns=[variable, weight])
    else:
        # The root's is the one table with weights, and its key stands in every other one.
        root = next((p for p in sorted(path.parent.glob("*.parquet")) if weight in pq.read_schema(p).names), None)
        if root is None:
            raise ValueError(f"{run.name} has no {weight} in its tables")
        key = f"{root.stem}_id"
        weights = pd.read_parquet(root, columns=[key, weight])
        rows = pd.read_parquet(path, columns=[key, variable]).merge(weights, on=key, validate="many_to_one")
    return rows[variable].to_numpy(dtype=np.float64), rows[weight].to_numpy(dtype=np.float64)
