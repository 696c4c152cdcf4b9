"""What a column of a population may hold: booleans, numbers or text; everything is brought to these here."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..spec.errors import Problem, SpecError

# One text type under every pandas: missing text is NaN and compares false, like a missing number.
_TEXT = pd.StringDtype(na_value=np.nan)


def as_column(values: object, name: str) -> pd.Series:
    """`values` as a column of one of the three kinds: bool, integer or float, text (codes).

    Text in object arrays and categories becomes pandas' string type, None and NaN become missing text.
    Raises SpecError for mixed or other content (dates, nullable integers), naming the column.
    """
    series = values if isinstance(values, pd.Series) else pd.Series(values)
    dtype = series.dtype
    if dtype == _TEXT or (isinstance(dtype, np.dtype) and dtype.kind in "biuf"):
        return series
    if isinstance(dtype, pd.CategoricalDtype):
        series = series.astype(object)
    content = pd.api.types.infer_dtype(series, skipna=True)
    if content in ("string", "empty"):
        return series.astype(_TEXT)
    if content == "boolean" and not series.isna().any():
        return series.astype(bool)
    raise SpecError(Problem(f"column {name!r} holds {content} values ({dtype})", hint="use numbers, booleans or text"))


def as_table(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose columns are all of the three kinds, rows numbered from 0; the input stays as it is.

    Columns that need no change are shared with the input until one of the two is written to. Raises
    SpecError for a column name that stands twice.
    """
    twice = sorted(set(map(str, table.columns[table.columns.duplicated()])))
    if twice:
        raise SpecError(f"columns that stand twice in a table: {', '.join(twice)}")
    plain = table.reset_index(drop=True)
    fresh = {}
    for name in plain.columns:
        column = as_column(plain[name], str(name))
        if column.dtype != plain[name].dtype:
            fresh[name] = column
    return replace_columns(plain, fresh)


def replace_columns(table: pd.DataFrame, columns: Mapping[str, pd.Series]) -> pd.DataFrame:
    """`table` with columns replaced in their place, or added after the last; the rest is shared."""
    replaced = table.copy(deep=False)
    for name, column in columns.items():
        if name in table.columns:
            replaced[name] = column.array
    added = {name: column.array for name, column in columns.items() if name not in table.columns}
    if not added:
        return replaced
    return pd.concat([replaced, pd.DataFrame(added, index=table.index, copy=False)], axis=1)


def to_array(column: pd.Series) -> np.ndarray:
    """The column as a numpy array: bool, integer, float, or object for text."""
    if isinstance(column.dtype, np.dtype):
        return column.to_numpy()
    return column.to_numpy(dtype=object)
