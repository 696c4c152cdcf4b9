"""The closed world of sources: readers and their parameters, files and checksums, growth factors, columns."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import Problem, Problems, SpecError, did_you_mean
from .expression import parse
from .hashing import file_sha256
from .places import read_record
from .project import resolve_file
from .registry import READERS
from .yaml_reader import Path_

if TYPE_CHECKING:
    from .model import Spec
    from .sources import Source


def make_reader(spec: Spec, source: Source) -> Any:
    """The reader of a source with its parameters; SpecError, placed at the faulty key, where they are wrong."""
    reader, problems = READERS.load(source.reader), Problems()
    written = spec.places.written("source", source.name)
    if written is None:
        return reader(source.params, spec.folder)
    document, path = written
    what = f"reader {source.reader!r}"
    params = read_record(reader.Params, source.params, document, (*path, "params"), problems, what)
    problems.raise_if_any()
    return reader(params, spec.folder)


def check_sources(spec: Spec, problems: Problems) -> dict[str, Mapping[str, Any]]:
    """Add the faults of every source to `problems`; return the columns of those that can be read, by source."""
    columns = {}
    target_ids = {target.id for target in spec.targets} | spec.places.names("target")
    for name, source in spec.sources.items():
        if source.reader not in READERS.names():
            problems.unknown("reader", source.reader, READERS.names(), spec.places.of("source", name, "reader"))
        else:
            before = len(problems.found)
            found = _columns(spec, source, problems)
            if len(problems.found) == before:
                columns[name] = found
        scale = source.scale_weights
        if scale and scale.to not in target_ids:
            problems.unknown("target", scale.to, target_ids, spec.places.of("source", name, "scale_weights", "to"))
        if scale and scale.entity not in spec.entities:
            where = spec.places.of("source", name, "scale_weights", "entity")
            problems.unknown("entity", scale.entity, spec.entities, where)
    return columns


def _columns(spec: Spec, source: Source, problems: Problems) -> Mapping[str, Any]:
    """The columns that a source's reader can yield, once its files are there and are the declared ones."""
    place = spec.places.of("source", source.name, "params", key=True)
    try:
        reader = make_reader(spec, source)
        before = len(problems.found)
        _check_files(spec, source, reader.files(), problems)
        return reader.columns() if len(problems.found) == before else {}
    except SpecError as error:
        problems.found.extend(Problem(p.message, p.place or place, p.hint) for p in error.problems)
        return {}


def _check_files(spec: Spec, source: Source, files: list[Path], problems: Problems) -> None:
    names = {path.name: path for path in files}
    for path in files:
        if not path.is_file():
            near = [other.name for other in path.parent.glob("*")] if path.parent.is_dir() else []
            place = spec.places.of("source", source.name, "params", *_field_of(source.params, path.name))
            problems.add(f"no such file: {spec.project.shown(path)}", place, did_you_mean(path.name, near))
    for name, wanted in source.sha256.items():
        if name not in names:
            place = spec.places.of("source", source.name, "sha256", name, key=True)
            problems.unknown("file", name, names, place)
        elif names[name].is_file() and (found := file_sha256(names[name], spec.project.cache)) != wanted.lower():
            place = spec.places.of("source", source.name, "sha256", name)
            problems.add(f"{name} is not the file that was declared: its sha256 is {found}", place)


def _field_of(data: Any, file: str) -> Path_:
    """The field of a reader's parameters that names a file; none where the reader itself knows of the file."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, tuple) else ()
    for key, value in inner:
        if isinstance(value, str) and Path(value).name == file:
            return (key,)
        if field := _field_of(value, file):
            return (key, *field)
    return ()


def uprating_indices(spec: Spec, problems: Problems) -> set[str] | None:
    """The indices of the spec's growth factors; None, with the fault noted, where there are none to read."""
    if spec.settings.uprating is None:
        return None
    place = spec.places.of("spec", "spec", "uprating", "file")
    try:
        path = resolve_file(spec.settings.uprating.file, spec.folder)
        with path.open(newline="", encoding="utf-8") as stream:
            return set(next(csv.reader(stream), [])) - {"YEAR"}
    except SpecError as error:
        problems.found.extend(Problem(p.message, place, p.hint) for p in error.problems)
    except (OSError, UnicodeDecodeError):
        problems.add(f"no table of growth factors: {spec.settings.uprating.file}", place)
    return None


def donor_has(spec: Spec, name: str, donor: Mapping[str, Any], within: frozenset[str] = frozenset()) -> bool:
    """Whether a donor source holds a variable, or all that its derivation needs.

    within: the variables whose derivation led here; a ring of derivations is told as such, not as a lack.
    """
    variable = spec.variables.get(name)
    if variable is None:
        return name in donor
    if variable.column in donor or name in within:
        return True
    if variable.derive is None:
        return False
    expression = parse(variable.derive)
    return not expression.engine_variables and all(
        donor_has(spec, other, donor, within | {name}) for other in expression.names
    )
