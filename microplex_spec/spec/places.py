"""From data to records, and back to where each was written: file, line and column of every object and field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from .errors import Place, Problems
from .faults import read_faults
from .yaml_reader import Document, Path_

# A place in a text that the cells of a table fill: {state}.
SLOT = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
FILLED_NAME = "id"
"""The field that names an object: where a table fills it, the object itself stands in the table."""


@dataclass(frozen=True)
class _Written:
    """Where an object was written; if it was expanded, `row` with its slots, and the table's `line` that filled them.

    at: where that line stands.
    """

    document: Document
    path: Path_
    row: Any = None
    line: Mapping[str, str] | None = None
    at: Place | None = None


class Places:
    """Where each object of a spec was written: ("variable", "dividends") -> its document and path."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str], _Written] = {}

    def note(
        self,
        kind: str,
        name: str,
        document: Document,
        path: Path_,
        row: Any = None,
        line: Mapping[str, str] | None = None,
        at: Place | None = None,
    ) -> Place | None:
        """Remember an object, valid or not. An object noted before is kept, and its place returned."""
        if (kind, name) in self._objects:
            return self.of(kind, name)
        self._objects[kind, name] = _Written(document, path, row, line, at)
        return None

    def names(self, kind: str) -> set[str]:
        """Every name that was declared, those of faulty objects too."""
        return {name for noted, name in self._objects if noted == kind}

    def grouped(self) -> Iterator[dict[str, Any]]:
        """Every object's place as plain data: kind, at, fields (by dotted name), and the names that share them.

        A field's place is short of its file where that is the object's. Of objects that lines of a table made: the
        table, the fields that it filled, and line and column of each one.
        """
        fields = self._fields()
        groups: dict[tuple[str, int, Path_], list[str]] = {}
        for (kind, name), found in self._objects.items():
            groups.setdefault((kind, id(found.document), found.path), []).append(name)
        for (kind, document, path), names in groups.items():
            place = self.of(kind, names[0])
            assert place is not None
            told = {field: str(at).removeprefix(f"{place.file}:") for field, at in fields[document, path].items()}
            group: dict[str, Any] = {"kind": kind, "at": str(place), "fields": told, "names": names}
            filled = [self._objects[kind, name] for name in names]
            if filled[0].at is not None:
                table = filled[0].at.file
                lines = [str(each.at).removeprefix(f"{table}:") for each in filled]
                group |= {"table": table, "filled": _filled(filled[0].row), "lines": lines}
            yield group

    def _fields(self) -> dict[tuple[int, Path_], dict[str, Place]]:
        """By document and path of an object, where its fields stand; items of lists stand where the list does."""
        fields: dict[tuple[int, Path_], dict[str, Place]] = {}
        documents = {id(found.document): found.document for found in self._objects.values()}
        for found in self._objects.values():
            fields[id(found.document), found.path] = {}
        for number, document in documents.items():
            for path, place in document.values.items():
                above = next(
                    (path[:end] for end in range(len(path) - 1, -1, -1) if (number, path[:end]) in fields), None
                )
                rest = path[len(above) :] if above is not None else ()
                if above is not None and all(isinstance(part, str) for part in rest):
                    fields[number, above][".".join(map(str, rest))] = place
        return fields

    def written(self, kind: str, name: str) -> tuple[Document, Path_] | None:
        """The document that an object was written in, and its path there: all targets of one table share them."""
        found = self._objects.get((kind, name))
        return (found.document, found.path) if found else None

    def of(self, kind: str, name: str, *field: str | int, key: bool = False) -> Place | None:
        """Place of an object, or of one of its fields (of the field's key: `key`), or of the nearest thing above."""
        found = self._objects.get((kind, name))
        if not found:
            return None
        return found.document.place(*found.path, *field, key=key or not field)

    def declared(self, kind: str, name: str, *field: str) -> Place | None:
        """Where what an object or a field says was written: the line of the table that filled it, else its place."""
        found = self._objects.get((kind, name))
        if found and found.at and ".".join(field or (FILLED_NAME,)) in _filled(found.row):
            return found.at
        return self.of(kind, name, *field)

    def inside(self, kind: str, name: str, field: Path_, place: Place | None) -> Place | None:
        """Where a fault within a field's text stands in the file, undoing what folding and filling slots moved.

        place: the field's own place, moved right by the characters before the fault.
        """
        start, found = self.of(kind, name, *field), self._objects.get((kind, name))
        if place is None or start is None or found is None or place.line != start.line:
            return place
        if (*found.path, *field) in found.document.folded:
            return start
        text = found.row
        for part in field:
            text = text[part] if isinstance(text, dict) and part in text else None
        if found.line is None or not isinstance(text, str):
            return place
        return replace(place, column=start.column + _unfilled(text, found.line, place.column - start.column))


def _filled(row: Any, above: str = "") -> list[str]:
    """The fields of a row, dotted, whose texts have slots."""
    if isinstance(row, dict):
        return [field for key, value in row.items() for field in _filled(value, f"{above}{key}.")]
    return [above.removesuffix(".")] if isinstance(row, str) and SLOT.search(row) else []


def _unfilled(text: str, line: Mapping[str, str], offset: int) -> int:
    """The offset in a text with slots that corresponds to `offset` once they are filled."""
    shift = 0
    for slot in SLOT.finditer(text):
        start, length = slot.start() + shift, len(line[slot[1]])
        if offset < start:
            break
        if offset < start + length:
            return slot.start()
        shift += length - len(slot[0])
    return offset - shift


def read_record[M: BaseModel](
    model: type[M],
    data: Any,
    document: Document,
    path: Path_,
    problems: Problems,
    what: str,
    **given: Any,
) -> M | None:
    """Validate `data` (plus keys `given` by its surroundings) as `model`; every fault becomes a problem."""
    if not isinstance(data, dict):
        problems.add(f"{what} must be a mapping of keys to values", document.place(*path, key=True))
        return None
    for key in given.keys() & data.keys():
        hint = "it follows from where this stands"
        problems.add(f"unknown key {key!r}", document.place(*path, key, key=True), hint)
    try:
        return model.model_validate({**data, **given})
    except ValidationError as error:
        for fault in read_faults(model, error, data, hidden=given):
            place = document.place(*path, *fault.field, key=fault.at_key or not fault.field)
            problems.add(fault.sentence(what), place, fault.hint)
        return None
