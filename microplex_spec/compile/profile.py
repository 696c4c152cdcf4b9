"""What the compiler knows of a source's data: rows and, per column, the weighted evidence of its support."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..spec.regimes import Support


@dataclass(frozen=True)
class ColumnProfile:
    """One column: its entity and type; its support where it is a number; how many rows miss a value."""

    entity: str
    dtype: str
    missing: int
    distinct: int
    support: Support | None


@dataclass(frozen=True)
class SourceProfile:
    """One source in full: rows and members per entity, bytes in memory, checksums of its files, its columns."""

    rows: Mapping[str, int]
    bytes: int
    files: Mapping[str, str]
    columns: Mapping[str, ColumnProfile]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SourceProfile:
        columns = {
            name: ColumnProfile(**{**column, "support": Support(**column["support"]) if column["support"] else None})
            for name, column in data["columns"].items()
        }
        return cls(data["rows"], data["bytes"], data["files"], columns)
