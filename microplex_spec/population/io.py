"""Populations on disk: one parquet file an entity, the same bytes for the same tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..spec.errors import Problem, SpecError

# Every setting that shapes the bytes is fixed here.
_LAYOUT: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,
    "version": "2.6",
    "row_group_size": 1 << 18,
}


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> list[Path]:
    """Write `<folder>/<entity>.parquet` for every table; returns the paths.

    The files hold no index, no time and no pandas metadata. Not atomic: a caller that needs that writes to
    a temporary folder and renames it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for entity, table in tables.items():
        path = folder / f"{entity}.parquet"
        plain = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
        pq.write_table(plain, path, **_LAYOUT)
        paths.append(path)
    return paths


def read_tables(folder: Path, entities: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Read what `write_tables` wrote; SpecError that names every missing file."""
    paths = {entity: folder / f"{entity}.parquet" for entity in entities}
    missing = [path for path in paths.values() if not path.is_file()]
    if missing:
        raise SpecError([Problem(f"no such table: {path}") for path in missing])
    return {entity: pq.read_table(path, memory_map=True).to_pandas() for entity, path in paths.items()}
