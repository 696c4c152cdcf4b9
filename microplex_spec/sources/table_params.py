"""The YAML keys of the reader `table`: which files hold which entity, its keys, links, names and weight."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from ..spec.record import Record
from .base import Dtype

type Names = str | tuple[str, ...]


class JoinedFile(Record):
    """A further file with a row for each row of the table, matched by `on`. columns: all, if left out."""

    file: str
    on: Names
    columns: tuple[str, ...] | None = None


class EntityTable(Record):
    """Where the rows of one entity come from: `file` or `files` (put one after another), or `each: ENTITY`.

    key: the column or columns that identify a row; without one, rows are numbered and nothing links to them.
    links: entity -> the columns of this table that hold that entity's key.
    join: further files. columns: the variables to keep (all, if left out). drop: variables to leave out.
    rename: {name in the file: name of the variable}. All but the latter are names in the files.
    """

    file: str | None = None
    files: tuple[str, ...] = ()
    each: str | None = None
    key: Names = ()
    links: dict[str, Names] = Field(default_factory=dict)
    join: tuple[JoinedFile, ...] = ()
    columns: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    rename: dict[str, str] = Field(default_factory=dict)

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
    """tables: by entity. weight: column of the root's table, 1 a row without. types: variable -> number, bool or code.

    where: an expression over the root that says which of its rows are kept, e.g. `NP > 0`.
    """

    tables: dict[str, EntityTable] = Field(min_length=1)
    weight: str | None = None
    types: dict[str, Dtype] = Field(default_factory=dict)
    where: str | None = None

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
