"""Calibration targets: published figures, each with what it measures, over whom, and who published it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, FiniteFloat

from .record import Record

Role = Literal["fit", "holdout", "monitor"]
TargetUnit = Literal["usd", "count", "share", "usd_per_unit"]


def dotted(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_\-]+)*", name):
        raise ValueError(f"must be of small letters, digits, _ and -, its parts joined by dots, got {name!r}")
    return name


class TargetSource(Record):
    """Who published a figure and where it stands."""

    agency: str
    """Who published it."""
    title: str
    """The publication."""
    table: str = ""
    """The table in it."""
    cell: str = ""
    """The cell of the table."""
    url: str = ""
    """Where it can be had."""
    vintage: str = ""
    """Which edition."""
    accessed: str = ""
    """The day it was read."""
    concept: str = ""
    """What is counted, parts joined by dots, such as `eitc.amount`: it matches targets with benchmarks, and its first
    part is the family."""


class Exclusion(Record):
    """Who decided that a figure is kept but not used, and why."""

    by: str = Field(min_length=1)
    """Who decided it, and can be asked."""
    reason: str = Field(min_length=1)
    """Why it is not used."""

    def __str__(self) -> str:
        return f"excluded by {self.by}: {self.reason}"


class Target(Record):
    """One published figure that the weighted file should meet, or be compared with.

    A file's `defaults` and `source` fill in what a row leaves out, and `table` makes a target of each line of a CSV.
    """

    id: Annotated[str, AfterValidator(dotted)]
    """Its stable name, parts joined by dots: by it a diff tells a changed figure from another target."""
    label: str = ""
    """What a reader is shown."""
    measure: str
    """What is measured: `count()`, `sum(x)`, `mean(x)` or `share(predicate)`."""
    of: str
    """The entity whose units are counted or summed."""
    where: str = ""
    """A predicate: only the units for which it holds."""
    value: FiniteFloat
    """The published figure."""
    unit: TargetUnit
    """The unit of the figure: dollars, a number of units, a share from 0 to 1, or dollars a unit."""
    period: int
    """The year that it is about."""
    tolerance: float | None = Field(default=None, gt=0)
    """The relative error that is good enough; the spec's `calibration.tolerance` where it is left out."""
    se: float | None = Field(default=None, gt=0)
    """The figure's standard error, in its own unit: the error that is good enough where no tolerance is given."""
    role: Role = "fit"
    """`fit` bends weights; `holdout` and `monitor` never do: the one judges the fit, the other is only told."""
    exclude: Exclusion | None = None
    """Who keeps the figure from being used, and why; its row stays, with that as its reason."""
    family: str = ""
    """Targets that stay together when some are left out to judge the fit; by default the first part of the source's
    concept."""
    source: TargetSource
    """Who published it and where it stands."""
    notes: str = ""
    """What one should know of it; never rebuilds anything."""
