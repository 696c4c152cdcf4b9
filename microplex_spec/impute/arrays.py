"""What goes into an imputer, checked, as plain arrays: predictors, donor values, weights, ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from ..spec.errors import Problem, Problems, SpecError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

_BLOCK = 4096


def is_frame(X: Any) -> TypeGuard[pd.DataFrame]:
    """Whether the predictors come as a DataFrame, whose columns have names."""
    import pandas as pd

    return isinstance(X, pd.DataFrame)


def predictor_matrix(X: Any, names: Sequence[str] | None = None, missing_ok: bool = True) -> np.ndarray:
    """Predictors as C-ordered float32 (n, p), the precision of scikit-learn's trees.

    X: DataFrame or array (n, p), NaN where missing. names: columns to take of a DataFrame, in this order.
    SpecError for columns that are absent or not numeric, for infinities, and for NaN unless missing_ok.
    """
    if is_frame(X):
        matrix = _frame_matrix(X, names)
    else:
        raw = np.asarray(X)
        if raw.ndim != 2 or raw.dtype.kind not in "biuf":
            raise SpecError(f"predictors must be numbers (n, p), got {raw.dtype} of shape {raw.shape}")
        with np.errstate(over="ignore"):
            matrix = np.ascontiguousarray(raw, dtype=np.float32)
    if matrix.shape[1] == 0:
        raise SpecError("no predictors: an imputer needs at least one column")
    # Column sums find the common clean case without an (n, p) mask.
    with np.errstate(invalid="ignore"):
        clean = np.isfinite(matrix.sum(axis=0, dtype=np.float64)).all()
    if not clean:
        labels = list(names or X.columns if is_frame(X) else range(matrix.shape[1]))
        _refuse(np.isinf(matrix), labels, "infinite (or beyond the range of float32)")
        if not missing_ok:
            _refuse(np.isnan(matrix), labels, "missing, which this imputer cannot use")
    return matrix


def _frame_matrix(X: pd.DataFrame, names: Sequence[str] | None) -> np.ndarray:
    import pandas as pd

    wanted = list(X.columns if names is None else names)
    found = Problems()
    for name in wanted:
        if name not in X.columns:
            found.add(f"predictor {name!r} is absent", hint=did_you_mean(name, map(str, X.columns)))
        elif not pd.api.types.is_numeric_dtype(X[name]):
            found.add(f"predictor {name!r} is not numeric ({X[name].dtype})", hint="code it as numbers first")
    found.raise_if_any()
    columns = [_plain(X[name]) for name in wanted]
    matrix = np.empty((len(X), len(wanted)), dtype=np.float32)
    # Rows lie one after the other: a block of them is filled while it is in the cache.
    with np.errstate(over="ignore"):
        for first in range(0, len(matrix), _BLOCK):
            rows = slice(first, first + _BLOCK)
            for j, column in enumerate(columns):
                matrix[rows, j] = column[rows]
    return matrix


def _plain(column: pd.Series) -> np.ndarray:
    """Numbers of a column, NaN where missing, without a copy if they are a plain array."""
    if isinstance(column.dtype, np.dtype):
        return column.to_numpy()
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _refuse(mask: np.ndarray, labels: Sequence[Any], what: str) -> None:
    counts = {label: int(count) for label, count in zip(labels, mask.sum(axis=0), strict=True) if count}
    if counts:
        raise SpecError(Problem(f"predictor {label!r}: {n:,} values are {what}") for label, n in counts.items())


def finite_values(y: Any, rows: int, what: str = "donor values") -> np.ndarray:
    """Values as float64 (rows,); SpecError, which calls them `what`, unless they are finite numbers of that length."""
    import pandas as pd

    if np.shape(y) != (rows,):
        raise SpecError(f"{what} have shape {np.shape(y)}, the predictors have {rows:,} rows")
    series = y if isinstance(y, pd.Series) else pd.Series(np.asarray(y))
    if not pd.api.types.is_numeric_dtype(series):
        raise SpecError(Problem(f"{what} are not numeric ({series.dtype})", hint="code them as numbers"))
    values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    bad = rows - int(np.isfinite(values).sum())
    if bad:
        raise SpecError(f"{bad:,} of {rows:,} {what} are missing or infinite")
    # Adding zero turns -0.0 into 0.0, so that a drawn zero has one bit pattern.
    return values + 0.0


def design_weights(weight: Any, rows: int) -> np.ndarray:
    """Design weights as float64 (rows,), ones if None; SpecError unless finite, none below 0, some above."""
    if weight is None:
        return np.ones(rows)
    w = np.asarray(weight, dtype=np.float64)
    if w.shape != (rows,):
        raise SpecError(f"design weights have shape {w.shape}, the predictors have {rows:,} rows")
    found = Problems()
    for mask, what in ((~np.isfinite(w), "missing or infinite"), (w < 0, "negative")):
        if mask.any():
            found.add(f"{int(mask.sum()):,} of {rows:,} design weights are {what}")
    if rows and not w.any():
        found.add(f"all {rows:,} design weights are zero")
    found.raise_if_any()
    return w


def record_ids(ids: Any, rows: int) -> np.ndarray:
    """Record ids (rows,), 0..rows-1 if None; SpecError unless non-negative integers of that length."""
    if ids is None:
        return np.arange(rows)
    array = np.asarray(ids)
    if array.shape != (rows,) or array.dtype.kind not in "iu" or (rows and array.min() < 0):
        shape = f"{array.dtype} of shape {array.shape}"
        raise SpecError(f"record ids must be {rows:,} non-negative integers, got {shape}")
    return array
