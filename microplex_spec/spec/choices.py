"""Choices of one run: what Hydra composes from conf/ and overrides, closed and typed.

A spec says what is built, these say how.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationError

from .errors import Problems, SpecError
from .faults import read_faults
from .record import Record


class BackendChoice(Record):
    """A backend by name ("auto" lets the compiler choose) with its parameters."""

    name: str = "auto"
    params: dict[str, Any] = {}


class Resources(Record):
    """What a build may use; None means what the machine has (four fifths of its memory, all cores)."""

    memory_gb: float | None = Field(default=None, gt=0)
    cores: int | None = Field(default=None, gt=0)


class Scale(Record):
    """How much of the sources a build takes: households of the base, households of each donor; None for all."""

    name: str
    households: int | None = Field(default=None, gt=0)
    donor_households: int | None = Field(default=None, gt=0)


class Choices(Record):
    """One run: which spec, at what scale, from which seed, with which backends; of `select` only and what it needs."""

    spec: str
    seed: int = Field(default=1, ge=0)
    scale: Scale
    imputer: BackendChoice = BackendChoice()
    calibrator: BackendChoice = BackendChoice()
    microsim: BackendChoice = BackendChoice()
    executor: BackendChoice = BackendChoice(name="serial")
    resources: Resources = Resources()
    select: str | None = None
    store: str | None = None
    objective: str = "holdout_median_error"


def read_choices(composed: dict[str, Any]) -> Choices:
    """Validate a composed configuration; SpecError with the nearest key for whatever is unknown."""
    try:
        return Choices.model_validate(composed)
    except ValidationError as error:
        problems = Problems()
        for fault in read_faults(Choices, error, composed):
            unknown = f"unknown run setting {'.'.join(map(str, fault.field))!r}"
            problems.add(unknown if fault.whole else fault.sentence("the run"), hint=fault.hint)
        raise SpecError(problems.found) from None
