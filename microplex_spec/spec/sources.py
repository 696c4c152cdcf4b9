"""Sources: the files a population or a donor table is read from, and how their amounts and weights are aged."""

from __future__ import annotations

from typing import Any

from .record import Record


class WeightScale(Record):
    """Scale design weights so that the weighted number of units of `entity` equals a target's value."""

    entity: str
    to: str


class Source(Record):
    """One survey file: its reader with the reader's own parameters, the year of its amounts, its checksums.

    `sha256` maps file names to checksums; a file that differs is an error before anything is read.
    """

    name: str
    label: str = ""
    reader: str
    params: dict[str, Any] = {}
    period: int
    sha256: dict[str, str] = {}
    scale_weights: WeightScale | None = None
    notes: str = ""


class Uprating(Record):
    """Growth factors that carry amounts from a source's year to the spec's; `file` may be package:NAME/FILE."""

    file: str
    note: str = ""
