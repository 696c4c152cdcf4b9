"""Adoption: `imputer: {adopt: bakeoff/ID}` takes the imputer that won a variable in a bakeoff of this project."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from .errors import Place, Problem, Problems, SpecError, did_you_mean
from .places import read_record
from .project import Project
from .record import Record, as_read
from .yaml_reader import Document

if TYPE_CHECKING:
    from .model import Spec
    from .variables import Variable

WINNERS = "winners.json"
PREFIX = "bakeoff/"


_REMEDY = "microplex-spec bakeoff --resume {} writes it again"


class _Second(Record):
    """The method next to a winner."""

    method: str
    score: float


class _Won(Record):
    """The winner of one variable, as a bakeoff writes it."""

    method: str
    imputer: str
    params: dict[str, Any]
    regime: str
    score: float
    spread: float | None
    runner_up: _Second | None
    beyond_seed_noise: bool


class _Winners(Record):
    """What winners.json holds."""

    bakeoff: str
    scale: int
    seeds: tuple[int, ...]
    score: str
    variables: dict[str, _Won]


@dataclass(frozen=True)
class Adopted:
    """The winner of one variable: its imputer with parameters, and where it won and how clearly in a sentence."""

    name: str
    params: Mapping[str, Any]
    reason: str


def adopted_imputers(spec: Spec, problems: Problems) -> dict[str, Adopted]:
    """The winner of each variable that adopts one itself, or by the spec's settings; faults are added to `problems`."""
    found = {}
    for variable in spec.imputed():
        asked = variable.imputer or spec.settings.imputer
        if asked is not None and asked.adopt is not None:
            place = _place(spec, variable)
            try:
                found[variable.name] = _winner(spec.project, asked.adopt, variable.name)
            except SpecError as error:
                for problem in error.problems:
                    problems.add(problem.message, place, problem.hint)
    return found


def _place(spec: Spec, variable: Variable) -> Place | None:
    if variable.imputer is not None:
        return spec.places.of("variable", variable.name, "imputer", "adopt")
    return spec.places.of("spec", "spec", "imputer", "adopt")


def _winner(project: Project, reference: str, variable: str) -> Adopted:
    variables = _winners(project, reference.removeprefix(PREFIX)).variables
    if variable not in variables:
        hint = did_you_mean(variable, variables) or "give the variable an imputer of its own"
        raise SpecError(Problem(f"{reference} has no winner for {variable!r}", hint=hint))
    won = variables[variable]
    return Adopted(won.imputer, won.params, _reason(reference, won))


def _reason(reference: str, won: _Won) -> str:
    told = f"adopted: {won.method} won in {reference} with CRPS {won.score:.4f}"
    second = won.runner_up
    if second is None:
        return f"{told}, alone"
    noise = "beyond" if won.beyond_seed_noise else "within"
    return f"{told} before {second.method} with {second.score:.4f}, {noise} seed noise"


def _winners(project: Project, name: str) -> _Winners:
    path = project.bakeoffs / name / WINNERS
    if not path.is_file():
        known = [found.parent.name for found in project.bakeoffs.glob(f"*/{WINNERS}")]
        raise SpecError(Problem(f"no finished bakeoff {name!r} under runs/bakeoffs", hint=did_you_mean(name, known)))
    shown = project.shown(path)
    try:
        return _read(path.read_text(encoding="utf-8"), shown)
    except (OSError, ValueError) as error:
        raise SpecError(Problem(f"{shown} cannot be read: {error}", hint=_REMEDY.format(name))) from None
    except SpecError as error:
        raise SpecError(
            Problem(f"{shown} cannot be read: {problem.message}", hint=_REMEDY.format(name))
            for problem in error.problems
        ) from None


@cache
def _read(text: str, shown: str) -> _Winners:
    problems = Problems()
    found = read_record(_Winners, as_read(json.loads(text)), Document(shown), (), problems, "it")
    problems.raise_if_any()
    assert found is not None
    return found
