"""Benchmarks: what downstream users will compute from the file with a rules engine, against published figures."""

from __future__ import annotations

from pydantic import FiniteFloat

from .record import Record
from .targets import TargetSource


class Benchmark(Record):
    """A weighted total of an engine variable in one period, with the concept that the published figure counts.

    A benchmark whose concept, or whose variable, is also a fit target is in-sample and no validation.
    """

    id: str
    """Its name in every table, such as `eitc_2023`."""
    label: str = ""
    """What a reader is shown."""
    engine: str
    """The rules engine that computes it."""
    variable: str
    """The engine's variable that is summed up."""
    entity: str
    """The entity over which it is summed."""
    period: int
    """The year that is simulated; the engine itself carries the file to a later year than the spec's."""
    concept: str
    """What the published figure counts; a fit target of the same concept makes the benchmark in-sample."""
    where: str = ""
    """A predicate: only the units for which it holds."""
    value: FiniteFloat
    """The published figure."""
    unit: str = "usd"
    """The unit of the figure."""
    source: TargetSource
    """Who published it and where it stands."""
    notes: str = ""
    """What one should know when reading the error."""
