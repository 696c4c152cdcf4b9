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
    """The backend's name."""
    params: dict[str, Any] = {}
    """Its parameters; what is not given is its own default."""


class Resources(Record):
    """What a build may use."""

    memory_gb: float | None = Field(default=None, gt=0)
    """Gigabytes of memory; four fifths of what the machine has free where it is left out."""
    cores: int | None = Field(default=None, gt=0)
    """Cores; all of them where it is left out."""


class Scale(Record):
    """How much of the sources a build takes."""

    name: str
    """The scale's name."""
    households: int | None = Field(default=None, gt=0)
    """Records of the base; all where it is left out."""
    donor_households: int | None = Field(default=None, gt=0)
    """Records of each donor; all where it is left out."""


class Choices(Record):
    """One run: which spec, at what scale, from which seed, with which backends."""

    spec: str
    """A name under `conf/specs`, or a folder."""
    seed: int = Field(default=1, ge=0)
    """Where all random numbers come from: same seed, same bytes."""
    scale: Scale
    """How much of the sources is taken."""
    imputer: BackendChoice = BackendChoice()
    """The imputer of every variable that names none; `auto` lets the compiler choose."""
    calibrator: BackendChoice = BackendChoice()
    """The calibrator; `auto` lets the compiler choose."""
    microsim: BackendChoice = BackendChoice()
    """How rules engines are run: `households_per_batch` among its parameters."""
    executor: BackendChoice = BackendChoice(name="serial")
    """Where tasks run."""
    resources: Resources = Resources()
    """Memory and cores."""
    select: str | None = None
    """Build these steps only, with all that they need."""
    store: str | None = None
    """The folder of kept artifacts, seen from the project's; `runs/.store` where it is left out."""
    objective: str = "holdout_median_error"
    """The figure that a build returns to a sweeper: one of the manifest's headline, or `benchmark.NAME`."""


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
