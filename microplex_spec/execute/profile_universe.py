"""Profiling universes: which rows of a source can hold an imputed variable, each remembered by its own definition."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..compile.growth import growth
from ..compile.profile import SourceProfile, UniverseProfile
from ..plan.keys import digest
from ..spec.errors import Problem, SpecError
from ..spec.expression import parse
from ..spec.hashing import write_atomically
from ..spec.model import Spec
from ..spec.regimes import observed_support
from ..spec.sources import Source
from ..spec.variables import Variable

if TYPE_CHECKING:
    from ..population import Population

VERSION = 2
ROUNDING = 1e-6
"""By how much a part may exceed its total: both were rounded."""


@dataclass
class Held:
    """What of a source a universe is told from: its columns by variable, their growth, and what is derived of them."""

    columns: dict[str, str] = field(default_factory=dict)
    factors: dict[str, float] = field(default_factory=dict)
    derive: dict[str, tuple[str, str]] = field(default_factory=dict)


def profile_universes(
    spec: Spec, source: Source, profile: SourceProfile, key: str, read: Callable[[], Population]
) -> dict[str, UniverseProfile]:
    """The universe in this source of each variable that has one: drawn from it, or for it where it is the base.

    key: what the source's profile is remembered by. read: gives the source; called only for what is not remembered.
    Left out: universes that the base's observed columns do not tell, since they rest on what is still to be made.
    """
    found: dict[str, UniverseProfile] = {}
    for variable in spec.imputed():
        is_base = source.name == spec.settings.base
        if not (variable.zero_when or variable.share_of) or not (is_base or variable.donor == source.name):
            continue
        held = _held(spec, source, profile, variable, is_base)
        if held is None:
            continue
        path = _path(spec, key, variable, held, is_base)
        try:
            found[variable.name] = UniverseProfile.from_json(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            found[variable.name] = _measure(spec, variable, read(), held, is_base)
            write_atomically(path, json.dumps(found[variable.name].to_json(), indent=1))
    return found


def _path(spec: Spec, key: str, variable: Variable, held: Held, is_base: bool) -> Path:
    zero_when = str(parse(variable.zero_when)) if variable.zero_when else None
    made = [held.columns, held.factors, held.derive]
    content = [VERSION, key, is_base, variable.entity, variable.name, zero_when, variable.share_of, made]
    return spec.project.cache / "universes" / f"{digest(content)[:32]}.json"


def _held(spec: Spec, source: Source, profile: SourceProfile, variable: Variable, is_base: bool) -> Held | None:
    """What the variable's universe, and a donor's values in it, are told from; None if the source lacks a part."""
    held = Held()
    names = [variable.share_of] if variable.share_of else []
    if not is_base:
        names.append(variable.name)
    told = all(_add(spec, source, profile, name, held, is_base) for name in names)
    if variable.zero_when:
        told = told and _add_text(spec, source, profile, variable.zero_when, held, is_base)
    return held if told else None


def _add_text(spec: Spec, source: Source, profile: SourceProfile, text: str, held: Held, is_base: bool) -> bool:
    expression = parse(text)
    if expression.engine_variables:
        return False
    for entity in spec.entities.values():
        for role in expression.roles & entity.roles.keys():
            if entity.roles[role] in profile.columns:
                held.columns[entity.roles[role]] = entity.roles[role]
    return all(_add(spec, source, profile, name, held, is_base) for name in sorted(expression.names))


def _add(spec: Spec, source: Source, profile: SourceProfile, name: str, held: Held, is_base: bool) -> bool:
    """Take what one variable needs, what it is derived of first; False where the source cannot give it."""
    variable = spec.variables.get(name)
    if name in held.columns or name in held.derive:
        return True
    if variable is None:
        return False
    if variable.derive:
        if not _add_text(spec, source, profile, variable.derive, held, is_base):
            return False
        held.derive[name] = (variable.entity, variable.derive)
        return True
    if variable.origin == "rate" or (is_base and variable.origin == "imputed"):
        return False
    column = profile.columns.get(variable.column)
    # Words where numbers are declared tell nothing; that they are there is reported with the donors.
    if column is None or column.entity != variable.entity or (column.dtype == "code") != (variable.dtype == "code"):
        return False
    held.columns[name] = variable.column
    if variable.uprate:
        held.factors[name] = growth(spec, variable, source)
    return True


def _measure(spec: Spec, variable: Variable, source: Population, held: Held, is_base: bool) -> UniverseProfile:
    from ..population import evaluate
    from .tasks.load import keep
    from .tasks.uprate import uprated
    from .universe import modelled, universe

    params = variable.model_dump(include={"entity", "zero_when", "share_of"}) | {"variable": variable.name}
    try:
        population = uprated(keep(source, held.columns, set()), held.factors)
        for name, (entity, expression) in held.derive.items():
            population = population.with_columns(entity, {name: evaluate(parse(expression), population, entity)})
        rows = universe(population, params)
    except SpecError as error:
        place = spec.places.of("variable", variable.name, "zero_when" if variable.zero_when else "share_of")
        told = [Problem(f"{variable.name}: {problem.message}", place, problem.hint) for problem in error.problems]
        raise SpecError(told) from None
    size = population.size(variable.entity)
    if is_base or population.column(variable.name).dtype == object:
        return UniverseProfile(int(rows.sum()), size)
    values, weights = modelled(population, params), population.weights("design", variable.entity)
    finite = rows & np.isfinite(values)
    support = observed_support(values[finite], weights[finite])
    denied = np.zeros(size, dtype=bool)
    if variable.zero_when:
        own = population.column(variable.name)
        denied = evaluate(parse(variable.zero_when), population, variable.entity) & (own != 0) & ~np.isnan(own)
    beyond = finite & ((values < 0) | (values > 1 + ROUNDING)) if variable.share_of else np.zeros(size, dtype=bool)
    return UniverseProfile(
        int(rows.sum()),
        size,
        int((rows & ~finite).sum()),
        support,
        denied=int(denied.sum()),
        share_denied=float(weights[denied].sum() / (weights.sum() or 1.0)),
        beyond=int(beyond.sum()),
    )
