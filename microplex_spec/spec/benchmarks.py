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
    label: str = ""
    engine: str
    variable: str
    entity: str
    period: int
    concept: str
    where: str = ""
    value: FiniteFloat
    unit: str = "usd"
    source: TargetSource
    notes: str = ""
