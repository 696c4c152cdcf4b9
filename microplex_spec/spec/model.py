"""The spec: everything that a build is declared to be, read, validated and closed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from .adoption import Adopted
from .benchmarks import Benchmark
from .checks import Check
from .entities import Entities
from .places import Places
from .project import Project
from .record import Record
from .rules import Rule
from .sources import Source, Uprating
from .targets import Target
from .variables import Backend, Variable


def _plain(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise ValueError(f"must be of small letters, digits and _, got {name!r}")
    return name


def _not_one(folds: int) -> int:
    if folds == 1:
        raise ValueError("must be at least 2, or 0 for none: one fold would leave every target out")
    return folds


class CalibrationStage(Record):
    """Targets that calibration takes up together: those whose ids match a glob, such as us.census.*, and no earlier."""

    name: Annotated[str, AfterValidator(_plain)]
    """The stage's name in tables."""
    targets: tuple[str, ...] = Field(min_length=1)
    """Globs of target ids."""


class CalibrationSettings(Record):
    """What calibration takes for granted where a target says nothing, and how it goes about its targets."""

    tolerance: float = Field(default=0.05, gt=0)
    """The relative error that is good enough for a target which gives none."""
    min_support: int = Field(default=1, ge=1)
    """Records that a target needs; one with fewer is `unsupported` and bends no weights."""
    folds: Annotated[int, AfterValidator(_not_one)] = Field(default=5, ge=0)
    """Into how many parts the families of fit targets are dealt, to leave each out once and judge by it; 0 for none."""
    stages: tuple[CalibrationStage, ...] = ()
    """Each solves for its targets and those before it, in this order; targets in none join the last."""
    stages_by: tuple[str, ...] = ()
    """In place of stages: columns from coarse to fine, such as [state, county]: targets that name none of them first,
    then those that name the first but no finer one, and so on."""


class SpecFile(Record):
    """The keys of spec.yaml."""

    name: Annotated[str, AfterValidator(_plain)]
    """The spec's name; runs lie under `runs/<name>/`."""
    label: str = ""
    """What a reader is shown."""
    notes: str = ""
    """What one should know of it; never rebuilds anything."""
    period: int
    """The year that the file is for."""
    base: str
    """The source whose records the file is made of."""
    targets: tuple[str, ...] = ()
    """Files and folders under `targets/`, each folder with all that lies in it."""
    predictor_sets: dict[str, tuple[str, ...]] = {}
    """Names that stand for lists of predictors."""
    uprating: Uprating | None = None
    """Growth factors for variables that are uprated."""
    imputer: Backend | None = None
    """The imputer of variables that name none, where the run asks for none either."""
    calibration: CalibrationSettings = CalibrationSettings()
    """What holds for all targets."""


@dataclass(frozen=True)
class Spec:
    """A whole spec. `variables` keeps the order of the files; `places` knows where each object was written.

    rules: of the spec's own for choosing backends, which come before the built-in ones. checks: of the finished file.
    adopted: by variable, the imputer that it adopts from a bakeoff.
    """

    settings: SpecFile
    folder: Path
    project: Project
    entities: Entities
    sources: Mapping[str, Source]
    variables: Mapping[str, Variable]
    targets: tuple[Target, ...]
    benchmarks: tuple[Benchmark, ...]
    places: Places = field(repr=False, compare=False)
    rules: tuple[Rule, ...] = ()
    checks: tuple[Check, ...] = ()
    adopted: Mapping[str, Adopted] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def period(self) -> int:
        return self.settings.period

    @property
    def base(self) -> Source:
        return self.sources[self.settings.base]

    def predictors(self, variable: Variable) -> tuple[str, ...]:
        """A variable's predictors with sets spelled out, then the variables it is chained on."""
        names: list[str] = []
        for item in (*variable.predictors, *variable.order):
            names.extend(self.settings.predictor_sets.get(item, (item,)))
        return tuple(dict.fromkeys(names))

    def imputed(self) -> list[Variable]:
        return [variable for variable in self.variables.values() if variable.origin == "imputed"]
