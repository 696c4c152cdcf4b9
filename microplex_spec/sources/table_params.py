"""The YAML keys of the reader `table`: which files hold which entity, its keys, links, names and weight."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from ..spec.record import Record
from .base import Dtype

type Names = str | tuple[str, ...]


class JoinedFile(Record):
    """A further file with a row for each row of the table."""

    file: str
    """Its name."""
    on: Names
    """The column or columns by which rows are matched."""
    columns: tuple[str, ...] | None = None
    """The columns to take; all where it is left out."""


class EntityTable(Record):
    """Where the rows of one entity come from: `file`, `files` or `each`. Columns are called as in the files."""

    file: str | None = None
    """One file, parquet or CSV."""
    files: tuple[str, ...] = ()
    """Several files, put one after another."""
    each: str | None = None
    """Another entity: one row is made for each of its rows."""
    key: Names = ()
    """The column or columns that identify a row; without one, rows are numbered and nothing links to them."""
    links: dict[str, Names] = Field(default_factory=dict)
    """By entity, the column or columns of this table that hold that entity's key."""
    join: tuple[JoinedFile, ...] = ()
    """Further files with more columns."""
    columns: tuple[str, ...] | None = None
    """The columns to keep; all where it is left out."""
    drop: tuple[str, ...] = ()
    """Columns to leave out."""
    rename: dict[str, str] = Field(default_factory=dict)
    """The name of a variable by the name of its column."""

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if sum([self.file is not None, bool(self.files), self.each is not None]) != 1:
            raise ValueError("give exactly one of file, files and each")
        if self.each is not None and self.model_fields_set - {"each"}:
            raise ValueError("a table built by each holds no files: no other key may stand beside it")
        return self

    @property
    def file_names(self) -> tuple[str, ...]:
        return (self.file,) if self.file is not None else self.files

    @property
    def key_columns(self) -> tuple[str, ...]:
        return as_names(self.key)


class TableParams(Record):
    """The survey's tables and how they hang together; exactly one, the root, has no links."""

    tables: dict[str, EntityTable] = Field(min_length=1)
    """The table of each entity."""
    weight: str | None = None
    """The column of the root's table that holds design weights; each row weighs 1 where it is left out."""
    types: dict[str, Dtype] = Field(default_factory=dict)
    """What a variable's values are, where the file leaves it open: number, bool or code."""
    where: str | None = None
    """An expression over the root that says which of its rows are kept, such as `NP > 0`."""

    @model_validator(mode="after")
    def _one_root(self) -> Self:
        roots = [name for name, table in self.tables.items() if table.each is None and not table.links]
        if len(roots) != 1:
            raise ValueError(f"exactly one table must have no links, the root; here: {', '.join(roots) or 'none'}")
        for name, table in self.tables.items():
            if table.each is not None and (table.each not in self.tables or self.tables[table.each].each):
                raise ValueError(f"tables.{name}.each must name a table with files, not {table.each!r}")
            for group in table.links:
                if group not in self.tables or self.tables[group].each:
                    raise ValueError(f"tables.{name}.links: {group!r} is no table with files")
                if not self.tables[group].key_columns:
                    raise ValueError(f"tables.{name}.links: the table {group!r} has no key")
                if len(as_names(table.links[group])) != len(self.tables[group].key_columns):
                    raise ValueError(f"tables.{name}.links.{group} needs as many columns as the key of {group!r}")
        return self

    @property
    def root(self) -> str:
        return next(name for name, table in self.tables.items() if table.each is None and not table.links)


def as_names(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names
