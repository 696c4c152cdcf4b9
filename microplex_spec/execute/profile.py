"""Profiling: one pass over a source, remembered by what it was read from, so that plans touch no data."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..compile.profile import ColumnProfile, SourceProfile
from ..plan.keys import digest
from ..population import Population
from ..spec.check_sources import make_reader
from ..spec.errors import Problem, SpecError
from ..spec.hashing import file_sha256, write_atomically
from ..spec.model import Spec
from ..spec.regimes import observed_support
from ..spec.sources import Source
from .source_files import named_files

VERSION = 1


def profile_sources(spec: Spec) -> dict[str, SourceProfile]:
    """The profile of each source that the spec uses, from the cache where its files and parameters are unchanged."""
    used = dict.fromkeys([spec.settings.base, *(variable.donor or "" for variable in spec.imputed())])
    return {name: profile_source(spec, spec.sources[name]) for name in used}


def profile_source(spec: Spec, source: Source) -> SourceProfile:
    """The profile of one source; reads the source only if no profile of this content is remembered."""
    cache = spec.project.cache
    reader = make_reader(spec, source)
    files = {name: file_sha256(path, cache) for name, path in named_files(reader.files()).items()}
    entities = {name: list(entity.within) for name, entity in spec.entities.items()}
    key = digest([VERSION, source.reader, reader.version, dict(source.params), files, entities])
    path = cache / "profiles" / f"{key[:32]}.json"
    try:
        return SourceProfile.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        profile = _measure(spec, source, reader, files)
        write_atomically(path, json.dumps(profile.to_json(), indent=1))
        return profile


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


def _measure(spec: Spec, source: Source, reader: Any, files: dict[str, str]) -> SourceProfile:
    population = _read(spec, source, reader)
    columns = {}
    for name, entity in population.variables.items():
        values = population.column(name)
        if values.dtype == object:
            missing = int(np.count_nonzero([not isinstance(value, str) for value in values.tolist()]))
            columns[name] = ColumnProfile(entity, "code", missing, len(set(values.tolist())), None)
            continue
        finite = np.isfinite(values)
        support = observed_support(values[finite].astype(np.float64), population.weights("design", entity)[finite])
        dtype = "bool" if values.dtype == bool else "number"
        columns[name] = ColumnProfile(entity, dtype, int((~finite).sum()), support.distinct, support)
    size = sum(int(table.memory_usage(deep=False).sum()) for table in population.tables.values())
    rows = {entity: population.size(entity) for entity in population.entities}
    return SourceProfile(rows, size, files, columns)
