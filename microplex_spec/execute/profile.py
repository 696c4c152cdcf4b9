"""Profiling: one pass over a source, remembered by what it was read from, so that plans touch no data."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..compile.profile import ColumnProfile, GroupSize, SourceProfile
from ..plan.keys import digest
from ..spec.check_sources import make_reader
from ..spec.errors import Problem, SpecError
from ..spec.hashing import file_sha256, write_atomically
from ..spec.model import Spec
from ..spec.regimes import observed_support
from ..spec.sources import Source
from .profile_universe import profile_universes
from .source_files import named_files

if TYPE_CHECKING:
    from ..population import Population

VERSION = 4
LARGEST = float(np.finfo(np.float32).max)
"""Beyond it a predictor is infinite to an imputer."""


@dataclass
class Reading:
    """A source that is read at most once, and only if something of it is not remembered."""

    spec: Spec
    source: Source

    @cached_property
    def reader(self) -> Any:
        return make_reader(self.spec, self.source)

    @cached_property
    def files(self) -> dict[str, str]:
        """Checksums of its files by name."""
        paths = named_files(self.reader.files())
        return {name: file_sha256(path, self.spec.project.cache) for name, path in paths.items()}

    @cached_property
    def key(self) -> str:
        """What its profile is remembered by: its content and everything that decides how it is read."""
        entities = {name: [list(entity.within), entity.roles] for name, entity in self.spec.entities.items()}
        source = self.source
        return digest([VERSION, source.reader, self.reader.version, dict(source.params), self.files, entities])

    @cached_property
    def population(self) -> Population:
        return _read(self.spec, self.source, self.reader)


def profile_sources(spec: Spec) -> dict[str, SourceProfile]:
    """The profile of each source that the spec uses, from the cache where its files and parameters are unchanged."""
    used = dict.fromkeys([spec.settings.base, *(variable.donor or "" for variable in spec.imputed())])
    return {name: profile_source(spec, spec.sources[name]) for name in used}


def profile_source(spec: Spec, source: Source) -> SourceProfile:
    """The profile of one source; reads the source only if no profile of this content is remembered."""
    reading = Reading(spec, source)
    path = spec.project.cache / "profiles" / f"{reading.key[:32]}.json"
    try:
        profile = SourceProfile.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        profile = _measure(reading.population, reading.files)
        write_atomically(path, json.dumps(profile.to_json(), indent=1))
    universes = profile_universes(spec, source, profile, reading.key, lambda: reading.population)
    return replace(profile, universes=universes)


def _read(spec: Spec, source: Source, reader: Any) -> Population:
    """The source's population; what is wrong with its data is told at the place where the source is declared."""
    place = spec.places.of("source", source.name, "params" if source.params else "reader")
    try:
        population = reader.read(spec.entities)
    except SpecError as error:
        told = [Problem(f"{source.name}: {p.message}", p.place or place, p.hint) for p in error.problems]
        raise SpecError(told) from None
    if not population.weights().any():
        raise SpecError(Problem(f"{source.name}: no {spec.entities.root} has a weight above zero", place))
    return population


def _measure(population: Population, files: dict[str, str]) -> SourceProfile:
    columns = {}
    for name, entity in population.variables.items():
        values = population.column(name)
        if values.dtype == object:
            texts = [value for value in values.tolist() if isinstance(value, str)]
            words = sum(not _spells_number(text) for text in texts)
            missing, distinct = len(values) - len(texts), len(set(values.tolist()))
            columns[name] = ColumnProfile(entity, "code", missing, distinct, None, infinite=0, words=words)
            continue
        finite = np.isfinite(values)
        support = observed_support(values[finite].astype(np.float64), population.weights("design", entity)[finite])
        dtype = "bool" if values.dtype == bool else "number"
        missing, infinite = int((~finite).sum()), int((np.abs(values) > LARGEST).sum())
        columns[name] = ColumnProfile(entity, dtype, missing, support.distinct, support, infinite, words=0)
    size = sum(int(table.memory_usage(deep=False).sum()) for table in population.tables.values())
    rows = {entity: population.size(entity) for entity in population.entities}
    return SourceProfile(rows, size, files, columns, _groups(population), _crowded(population))


def _spells_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _groups(population: Population) -> dict[str, dict[str, GroupSize]]:
    groups: dict[str, dict[str, GroupSize]] = {}
    for name, entity in population.entities.items():
        for group in entity.within:
            members = np.bincount(population.positions(name, group), minlength=population.size(group))
            size = GroupSize(int(members.max(initial=0)), float(members.mean()) if len(members) else 0.0)
            groups.setdefault(group, {})[name] = size
    return groups


def _crowded(population: Population) -> dict[str, int]:
    """Groups in which a role that stands for one member is held by several."""
    crowded = {}
    for group, entity in population.entities.items():
        for role, column in entity.roles.items():
            member = population.variables.get(column)
            if member is None or not population.entities.is_above(group, member):
                continue
            holders = np.flatnonzero(population.column(column))
            held = np.bincount(population.positions(member, group)[holders], minlength=1)
            if (held > 1).any():
                crowded[f"{group}.{role}"] = int(np.count_nonzero(held > 1))
    return crowded
