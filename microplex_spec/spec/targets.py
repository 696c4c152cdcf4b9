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
    """Who published a figure and where it stands. `concept` names what is counted, to match benchmarks."""

    agency: str
    title: str
    table: str = ""
    cell: str = ""
    url: str = ""
    vintage: str = ""
    accessed: str = ""
    concept: str = ""


class Target(Record):
    """One published figure that the weighted file should meet, or be compared with.

    `tolerance` is relative; `se` is the figure's standard error in its own unit. A role of fit bends weights,
    holdout and monitor never do. `exclude` says why a figure is kept but not used. `family` names the targets that
    stay together when some are left out to judge the fit; by default the first part of the source's concept.
    """

    id: Annotated[str, AfterValidator(dotted)]
    label: str = ""
    measure: str
    of: str
    where: str = ""
    value: FiniteFloat
    unit: TargetUnit
    period: int
    tolerance: float | None = Field(default=None, gt=0)
    se: float | None = Field(default=None, gt=0)
    role: Role = "fit"
    exclude: str = ""
    family: str = ""
    source: TargetSource
    notes: str = ""
