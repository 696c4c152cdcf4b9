"""Columns of one CSV or parquet file, as the three kinds a population holds: number, bool, code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from ..spec.errors import Problem, SpecError, did_you_mean
from .base import Dtype
from .csv_text import check_header, check_utf8

if TYPE_CHECKING:
    import pandas as pd

_LEADING_ZERO = r"^[-+]?0[0-9]"


def file_columns(path: Path) -> dict[str, Dtype | None]:
    """Name and kind of each column; None for a kind that no population can hold (dates, lists).

    Of a CSV file the first megabyte decides, and there a number with a leading zero (06) makes a column a
    code. SpecError where the file is missing, cannot be read, or is a CSV file that is no UTF-8 or not parted
    by commas.
    """
    _require(path)
    try:
        if not _is_parquet(path):
            check_header(path)
        schema = pq.read_schema(path) if _is_parquet(path) else _csv_schema(path)
        repeated = sorted({name for name in schema.names if schema.names.count(name) > 1})
        if repeated:
            raise SpecError(f"{path}: columns stand twice: {', '.join(repeated)}")
        return {field.name: _kind(field.type) for field in schema} if _is_parquet(path) else _csv_columns(path, schema)
    except (pa.ArrowException, OSError) as error:
        raise SpecError(f"{path} cannot be read: {error}") from error


def read_columns(path: Path, names: Iterable[str], kinds: Mapping[str, Dtype] | None = None) -> pd.DataFrame:
    """The named columns of one file, as integers or floats, booleans, or text (never categories).

    kinds: what a column is to be, by name; else what `file_columns` says. A missing number is NaN, missing
    text is NaN. Raises SpecError for columns that are not there and for values that are not of their kind.
    """
    import pandas as pd

    names, kinds = list(dict.fromkeys(names)), kinds or {}
    held = file_columns(path)
    lacking = [name for name in names if name not in held]
    if lacking:
        raise SpecError([Problem(f"{path} has no column {n!r}", hint=did_you_mean(n, held)) for n in lacking])
    wanted = {name: _wanted(path, name, kinds.get(name, held[name])) for name in names}
    try:
        table = _read(path, wanted)
    except (pa.ArrowException, OSError) as error:
        if not _is_parquet(path):
            check_utf8(path)
        raise SpecError(f"{path} cannot be read: {error}") from error
    return pd.DataFrame({name: _as_kind(path, name, table[name], kind) for name, kind in wanted.items()})


def _require(path: Path) -> None:
    if not path.is_file():
        siblings = [other.name for other in path.parent.glob("*")] if path.parent.is_dir() else []
        raise SpecError(Problem(f"no such file: {path}", hint=did_you_mean(path.name, siblings)))
    if not _is_parquet(path) and not path.name.endswith((".csv", ".csv.gz")):
        raise SpecError(Problem(f"{path}: unknown format", hint="known: .parquet, .csv, .csv.gz"))


def _is_parquet(path: Path) -> bool:
    return path.suffix == ".parquet"


def _wanted(path: Path, name: str, kind: Dtype | None) -> Dtype:
    if kind is None:
        raise SpecError(
            Problem(f"{path}: column {name!r} holds no numbers, booleans or text", hint="name it under drop")
        )
    return kind


def _kind(dtype: pa.DataType) -> Dtype | None:
    if pa.types.is_dictionary(dtype):
        dtype = dtype.value_type
    if pa.types.is_boolean(dtype):
        return "bool"
    if pa.types.is_integer(dtype) or pa.types.is_floating(dtype) or pa.types.is_decimal(dtype):
        return "number"
    if pa.types.is_string(dtype) or pa.types.is_large_string(dtype):
        return "code"
    return "number" if pa.types.is_null(dtype) else None


def _csv_schema(path: Path) -> pa.Schema:
    with pacsv.open_csv(path) as reader:
        schema = reader.schema
    # The parser takes for bytes what is no text.
    if any(pa.types.is_binary(field.type) for field in schema):
        check_utf8(path)
    return schema


def _csv_columns(path: Path, schema: pa.Schema) -> dict[str, Dtype | None]:
    columns = {field.name: _kind(field.type) for field in schema}
    whole = [field.name for field in schema if pa.types.is_integer(field.type)]
    as_text = pacsv.ConvertOptions(include_columns=whole, column_types=dict.fromkeys(whole, pa.string()))
    if whole:
        with pacsv.open_csv(path, convert_options=as_text) as reader:
            first = next(iter(reader), None)
        for name in whole:
            if first is not None and pc.any(pc.match_substring_regex(first[name], _LEADING_ZERO)).as_py():
                columns[name] = "code"
    return columns


def _read(path: Path, wanted: Mapping[str, Dtype]) -> pa.Table:
    if _is_parquet(path):
        return pq.read_table(path, columns=list(wanted))
    text = {name: pa.string() for name, kind in wanted.items() if kind == "code"}
    options = pacsv.ConvertOptions(
        include_columns=list(wanted),
        column_types=text,
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    return pacsv.read_csv(path, convert_options=options)


def _as_kind(path: Path, name: str, column: pa.ChunkedArray, kind: Dtype) -> pd.Series:
    import pandas as pd

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        if kind == "code":
            return pd.Series(column.cast(pa.string()).to_pandas(), dtype=pd.StringDtype(na_value=float("nan")))
        if kind == "bool":
            return _as_bool(column)
        if not pa.types.is_integer(column.type) or column.null_count:
            column = column.cast(pa.float64())
        return column.to_pandas()
    except (pa.ArrowException, ValueError) as error:
        raise SpecError(
            Problem(f"{path}: column {name!r} is not all {kind}: {error}", hint="declare it under types")
        ) from error


def _as_bool(column: pa.ChunkedArray) -> pd.Series:
    if column.null_count:
        raise ValueError(f"{column.null_count:,} missing values")
    if not pa.types.is_boolean(column.type):
        strange = pc.sum(pc.invert(pc.is_in(column, value_set=pa.array([0, 1], column.type)))).as_py()
        if strange:
            raise ValueError(f"{strange:,} values that are neither 0 nor 1")
    return column.cast(pa.bool_()).to_pandas()
