"""What a spec or a run declares, as objects with plain fields: the form in which two of them are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..spec.errors import SpecError
from ..spec.expression import parse
from ..spec.measure import parse_measure

Key = tuple[str, str]
"""Kind and name of an object: ("variable", "dividends")."""

Fields = Mapping[str, Any]

_EXPRESSIONS = {
    "variable": ("derive", "zero_when", "predictors", "order"),
    "target": ("where",),
    "benchmark": ("where",),
}
_LISTS = (("target", "targets"), ("benchmark", "benchmarks"), ("check", "checks"), ("rule", "rules"))
_NOTES = frozenset({"label", "notes", "note", "url", "accessed"})
_OF_SOURCE = ("source.agency", "source.concept", "source.vintage")
_NOTES_OF = {
    # Agency and concept choose targets for checks; of two that contradict each other the later vintage is kept.
    "target": lambda field: field.startswith("source.") and field not in _OF_SOURCE,
    "benchmark": lambda field: field.startswith("source.") or field == "notes",
    "check": lambda field: field == "reason",
    "run": lambda field: field.partition(".")[0] in ("spec", "executor", "resources", "store", "select", "objective"),
    "spec": lambda field: field == "name",
}


@dataclass(frozen=True)
class Declared:
    """One side of a comparison.

    objects: fields by kind and name, expressions in their one normal form. place: of a kind, name and field, as
    file:line:col, or "" where none is known (a run keeps no files).
    """

    objects: Mapping[Key, Fields]
    place: Callable[[str, str, str], str] = lambda kind, name, field: ""


def declared(resolved: Mapping[str, Any], place: Callable[[str, str, str], str] | None = None) -> Declared:
    """The objects of a resolved spec, as spec.lock.yaml holds it."""
    objects = {(kind, name): _fields(kind, row) for kind, name, row in _rows(resolved)}
    return Declared(objects, place) if place else Declared(objects)


def is_note(kind: str, field: str) -> bool:
    """Whether a field only tells a reader something, and decides no result."""
    return field.rpartition(".")[2] in _NOTES or _NOTES_OF.get(kind, lambda field: False)(field)


def _rows(resolved: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    yield "run", "choices", resolved.get("choices", {})
    yield "spec", "spec", resolved.get("spec", {})
    for kind, section in (("entity", "entities"), ("source", "sources"), ("variable", "variables")):
        for name, row in resolved.get(section, {}).items():
            yield kind, name, row
    for kind, section in _LISTS:
        for row in resolved.get(section, ()):
            name = row.get("id") or row.get("name")
            yield kind, name, {key: value for key, value in row.items() if key not in ("id", "name")}


def _fields(kind: str, row: Mapping[str, Any]) -> Fields:
    """Fields by dotted name; what is empty counts as not given."""
    fields = {name: value for name, value in _flat(row) if value not in (None, "", [], {})}
    if kind == "target" and "measure" in fields:
        fields["measure"] = _normal(fields["measure"], parse_measure)
    for name in _EXPRESSIONS.get(kind, ()):
        value = fields.get(name)
        if isinstance(value, str):
            fields[name] = _normal(value)
        elif isinstance(value, list):
            fields[name] = [_normal(item) for item in value]
    return fields


def _flat(row: Mapping[str, Any], above: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in row.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


@lru_cache(maxsize=20_000)
def _normal(text: str, read: Callable[[str], Any] = parse) -> str:
    """An expression as it is written out by the parser, so that spaces and brackets make no difference."""
    try:
        return str(read(text))
    except SpecError:
        return text
