"""Sources: the files a population or a donor table is read from, and how their amounts and weights are aged."""

from __future__ import annotations

from typing import Any

from .record import Record


class WeightScale(Record):
    """Scale design weights so that the weighted number of units of `entity` equals a target's value."""

    entity: str
    """Whose weighted number is scaled."""
    to: str
    """The id of the target whose value it is scaled to."""


class Source(Record):
    """One survey: its reader with the reader's own parameters, the year of its amounts, its checksums."""

    name: str
    """The name by which variables call it (`from:`); the file's key."""
    label: str = ""
    """What a reader is shown."""
    reader: str
    """The reader that understands the survey's files."""
    params: dict[str, Any] = {}
    """The reader's own keys."""
    period: int
    """The year that its amounts are in."""
    sha256: dict[str, str] = {}
    """Checksums by file name; a file that differs is an error before anything is read."""
    scale_weights: WeightScale | None = None
    """Of the base: design weights raised to a published number of units before anything is calibrated."""
    notes: str = ""
    """What one should know of it; never rebuilds anything."""


class Uprating(Record):
    """Growth factors that carry amounts from a source's year to the spec's."""

    file: str
    """A CSV of YEAR and a column an index, growth against the year before; may be `package:NAME/FILE`."""
    note: str = ""
    """Where the factors come from."""
