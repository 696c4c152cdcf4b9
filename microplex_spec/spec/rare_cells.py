"""Rare cells: small groups of records by whose share a synthetic file is judged, declared as predicates in YAML."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from .record import Record


class Top(Record):
    """The records with the highest values of a column: {column: wages, share: 0.01} is the top 1 % of wages.

    The threshold is the donor's: the largest donor value at or above which at least `share` of the donor's weight
    lies. Synthetic records are held against that value, never against a quantile of their own.
    """

    column: str
    """The column whose highest values count."""
    share: float = Field(gt=0, lt=1)
    """The share of the donor's weight that lies at the top."""


class RareCell(Record):
    """One cell: the records for which `where` holds, those at the `top` of a column, or the top among `where`."""

    name: str
    """The cell's name in tables."""
    label: str = ""
    """What a reader is shown."""
    where: str = ""
    """A predicate that its records satisfy."""
    top: Top | None = None
    """The highest values of a column, among those for which `where` holds."""

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if not self.where and self.top is None:
            raise ValueError("say which records: where: PREDICATE, or top: {column: NAME, share: 0.01}")
        return self
