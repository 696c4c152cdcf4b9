"""What goes into a score, checked, as plain arrays: tables of numbers and weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..spec.errors import Problem, Problems, SpecError


def number_table(values: Any, what: str, rows: int = 1) -> np.ndarray:
    """Values as C-ordered float64 (n, p); SpecError unless finite numbers of at least `rows` rows and one column.

    values: DataFrame or array (n, p). what: how messages call it, e.g. "real rows".
    """
    array = _numbers(values, what, 2)
    if array.shape[1] == 0:
        raise SpecError(f"{what}: no columns")
    if array.shape[0] < rows:
        raise SpecError(f"{what}: {array.shape[0]:,} rows, at least {rows:,} are needed")
    bad = ~np.isfinite(array)
    if bad.any():
        labels = values.columns if isinstance(values, pd.DataFrame) else range(array.shape[1])
        raise SpecError(
            Problem(f"{what}: column {label!r} has {int(count):,} missing or infinite values of {len(array):,}")
            for label, count in zip(labels, bad.sum(axis=0), strict=True)
            if count
        )
    return array


def number_column(values: Any, what: str, rows: int | None = None) -> np.ndarray:
    """Values as float64 (n,); SpecError unless finite numbers, at least one, and as many as `rows` where given."""
    array = _numbers(values, what, 1)
    found = Problems()
    if not len(array):
        found.add(f"{what}: no rows")
    elif rows is not None and len(array) != rows:
        found.add(f"{what}: {len(array):,} rows where {rows:,} are needed")
    bad = len(array) - int(np.isfinite(array).sum())
    if bad:
        found.add(f"{what}: {bad:,} missing or infinite values of {len(array):,}")
    found.raise_if_any()
    return array


def weight_column(weights: Any, rows: int, what: str = "weights") -> np.ndarray:
    """Weights as float64 (rows,), ones if None; SpecError unless finite, none below zero and some above."""
    if weights is None:
        return np.ones(rows)
    w = number_column(weights, what, rows)
    if (w < 0).any():
        raise SpecError(f"{what}: {int((w < 0).sum()):,} of {rows:,} are negative")
    if not w.any():
        raise SpecError(f"{what}: all {rows:,} are zero")
    return w


def table_pair(real: Any, synthetic: Any, rows: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Real rows (n, p) and synthetic rows (m, p) as `number_table` gives them; SpecError unless their columns agree."""
    pair, found = [], Problems()
    for values, what in ((real, "real rows"), (synthetic, "synthetic rows")):
        try:
            pair.append(number_table(values, what, rows))
        except SpecError as error:
            found.absorb(error)
    found.raise_if_any()
    first, second = pair
    if first.shape[1] != second.shape[1]:
        raise SpecError(f"real rows have {first.shape[1]} columns, synthetic rows {second.shape[1]}")
    names = [list(table.columns) for table in (real, synthetic) if isinstance(table, pd.DataFrame)]
    if len(names) == 2 and names[0] != names[1]:
        odd = next((a, b) for a, b in zip(*names, strict=True) if a != b)
        hint = "give both tables the same columns in the same order"
        raise SpecError(
            Problem(f"real rows have the column {odd[0]!r} where synthetic rows have {odd[1]!r}", hint=hint)
        )
    return first, second


def _numbers(values: Any, what: str, dimensions: int) -> np.ndarray:
    if isinstance(values, pd.DataFrame) and all(getattr(dtype, "kind", "O") in "biuf" for dtype in values.dtypes):
        values = values.to_numpy(dtype=np.float64)  # numbers beside booleans would come out as objects
    raw = np.asarray(values)
    if raw.ndim != dimensions or raw.dtype.kind not in "biuf":
        shape = "(rows, columns)" if dimensions == 2 else "(rows,)"
        raise SpecError(f"{what} must be numbers {shape}, got {raw.dtype} of shape {raw.shape}")
    return np.ascontiguousarray(raw, dtype=np.float64)
