"""What the compiler knows of a source's data: rows and, per column, the weighted evidence of its support."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..spec.regimes import Support


@dataclass(frozen=True)
class ColumnProfile:
    """One column: its entity and type; its support where it is a number; how many rows miss a value.

    missing: rows without a finite value, infinite: those of them that are infinite. words: rows of a code whose text
    spells no number.
    """

    entity: str
    dtype: str
    missing: int
    distinct: int
    support: Support | None
    infinite: int
    words: int


@dataclass(frozen=True)
class GroupSize:
    """How many members the groups of one kind have: the most in any, and the mean over all."""

    largest: int
    mean: float


@dataclass(frozen=True)
class UniverseProfile:
    """The rows that can hold an imputed variable: `rows` of the entity's `total`.

    missing, support: of a donor, the rows of the universe without a value, and what the others hold: amounts, or
    shares of their total. None in the base, which does not have the variable, and for codes.
    denied, share_denied: donors outside the universe that hold a value all the same, and their share of all weight.
    beyond: donors whose part of a total is below nothing or above all of it.
    """

    rows: int
    total: int
    missing: int = 0
    support: Support | None = None
    denied: int = 0
    share_denied: float = 0.0
    beyond: int = 0

    @property
    def share(self) -> float:
        """Share of the entity's rows (0..1), unweighted."""
        return self.rows / self.total if self.total else 0.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> UniverseProfile:
        return cls(**{**data, "support": _support(data["support"])})


@dataclass(frozen=True)
class SourceProfile:
    """One source in full: rows per entity, bytes in memory, checksums of its files, its columns.

    groups: {group: {entity: size}}, the members of each group that each row of the entity lies within.
    crowded: {group.role: groups in which more than one member holds the role}, where there are any.
    universes: by imputed variable, for those with structural zeros or a total.
    """

    rows: Mapping[str, int]
    bytes: int
    files: Mapping[str, str]
    columns: Mapping[str, ColumnProfile]
    groups: Mapping[str, Mapping[str, GroupSize]]
    crowded: Mapping[str, int]
    universes: Mapping[str, UniverseProfile] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SourceProfile:
        columns = {
            name: ColumnProfile(**{**column, "support": _support(column["support"])})
            for name, column in data["columns"].items()
        }
        groups = {
            group: {entity: GroupSize(**size) for entity, size in sizes.items()}
            for group, sizes in data["groups"].items()
        }
        universes = {name: UniverseProfile.from_json(row) for name, row in data["universes"].items()}
        return cls(data["rows"], data["bytes"], data["files"], columns, groups, data["crowded"], universes)


def _support(data: Mapping[str, Any] | None) -> Support | None:
    return Support(**data) if data else None
