"""Expansion of target rows over CSV tables: one row of YAML, a target for each line of the table."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .errors import Place, Problems, SpecError, did_you_mean
from .places import SLOT
from .yaml_reader import Document, Path_

# Keys of a row that say how it is expanded; no target has them.
EXPANSION_KEYS = ("table", "rows")
NUMBERS = ("value", "se", "tolerance")


class Expanded(NamedTuple):
    """One target that a row stands for, the line of the table that filled its slots, and where that stands."""

    data: dict[str, Any]
    line: Mapping[str, str] | None
    at: Place | None = None


def expand_row(
    row: dict[str, Any], folder: Path, document: Document, path: Path_, problems: Problems
) -> list[Expanded]:
    """The targets that one row stands for: itself, or one a line of its `table`, slots like {state} filled in.

    `rows` keeps only the lines whose columns have the given text. Cells are texts, so codes keep their zeros;
    `value`, `se` and `tolerance` are read as numbers once filled. Faults of the row or the table are added to
    `problems`, and then there are no targets.
    """
    return _Expansion(row, folder, document, path, problems).targets()


class _Expansion:
    def __init__(self, row: dict[str, Any], folder: Path, document: Document, path: Path_, problems: Problems):
        self.row, self.folder, self.document, self.path, self.problems = row, folder, document, path, problems
        self.template = {key: value for key, value in row.items() if key not in EXPANSION_KEYS}

    def at(self, *field: str | int, key: bool = False) -> Place:
        return self.document.place(*self.path, *field, key=key)

    def targets(self) -> list[Expanded]:
        if "table" not in self.row:
            return self.alone()
        found = len(self.problems.found)
        lines = self.lines()
        if not lines or not self.names_stand_in(list(lines[0])):
            return []
        wanted = {column: str(text) for column, text in (self.row.get("rows") or {}).items()}
        kept = {
            number: line
            for number, line in enumerate(lines, start=2)
            if all(line[column] == text for column, text in wanted.items())
        }
        if not kept:
            asked = " and ".join(f"{column} = {text!r}" for column, text in wanted.items())
            self.problems.add(f"no line of table {self.row['table']} has {asked}", self.at("rows"))
        filled = [
            Expanded(self.numbers(_fill(self.template, line), number), line, Place(self.table, number))
            for number, line in kept.items()
        ]
        return filled if len(self.problems.found) == found else []

    @property
    def table(self) -> str:
        """The table's file as it is shown, beside the row's own."""
        return str(Path(self.document.file).parent / str(self.row["table"]))

    def alone(self) -> list[Expanded]:
        found = len(self.problems.found)
        if "rows" in self.row:
            self.problems.add("'rows' chooses lines of a table", self.at("rows", key=True), "name the file: table:")
        for slot, field in _slots(self.template):
            self.problems.add(f"{{{slot}}} stands for a column of a table", self.at(*field), "name the file: table:")
        return [Expanded(self.row, None)] if len(self.problems.found) == found else []

    def lines(self) -> list[dict[str, str]]:
        name = self.row["table"]
        if not isinstance(name, str) or not (self.folder / name).is_file():
            beside = [path.name for path in self.folder.glob("*.csv")]
            hint = did_you_mean(str(name), beside)
            self.problems.add(f"no table {str(name)!r} beside this file", self.at("table"), hint)
            return []
        try:
            return read_table(self.folder / name, self.table)
        except SpecError as error:
            self.problems.absorb(error)
            return []

    def names_stand_in(self, columns: list[str]) -> bool:
        """Whether every column that the row names is one of the table's."""
        rows = self.row.get("rows") or {}
        if not isinstance(rows, dict):
            self.problems.add("'rows' must be a mapping of columns to texts", self.at("rows"))
            return False
        named: list[tuple[str, Path_, bool]] = [(name, ("rows", name), True) for name in rows]
        named += [(name, field, False) for name, field in _slots(self.template)]
        lacking = [item for item in named if item[0] not in columns]
        for name, field, key in lacking:
            hint = did_you_mean(name, columns)
            self.problems.add(f"table {self.row['table']} has no column {name!r}", self.at(*field, key=key), hint)
        return not lacking

    def numbers(self, target: dict[str, Any], number: int) -> dict[str, Any]:
        for key in NUMBERS:
            if isinstance(self.template.get(key), str):
                value = _number(target[key])
                if value is None:
                    hint = f"line {number} of {self.row['table']}"
                    self.problems.add(f"{key} {target[key]!r} is not a number", self.at(key), hint)
                else:
                    target[key] = value
        return target


def read_table(path: Path, shown: str) -> list[dict[str, str]]:
    """The lines of a CSV table, all cells texts; SpecError with the line for a table that is not rectangular."""
    problems, columns, lines = Problems(), [], []
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream, strict=True)
            columns = next(reader, [])
            for cells in filter(None, reader):
                if len(cells) != len(columns):
                    place, hint = Place(shown, reader.line_num), "quote a cell that holds a comma"
                    problems.add(f"{len(cells)} cells in a table of {len(columns)} columns", place, hint)
                lines.append(dict(zip(columns, cells, strict=False)))
    except UnicodeDecodeError:
        raise SpecError(f"{shown}: not a text in UTF-8") from None
    except csv.Error as error:
        problems.add(f"not a CSV table: {error}", Place(shown, reader.line_num))
    for name in sorted({name for name in columns if columns.count(name) > 1}):
        problems.add(f"column {name!r} stands twice", Place(shown))
    if not lines:
        problems.add("the table holds no lines", Place(shown))
    problems.raise_if_any()
    return lines


def _slots(value: Any, field: Path_ = ()) -> Iterator[tuple[str, Path_]]:
    """(column, field) of every slot in a row's texts."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _slots(inner, (*field, key))
    elif isinstance(value, str):
        for name in dict.fromkeys(SLOT.findall(value)):
            yield name, field


def _fill(value: Any, line: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _fill(inner, line) for key, inner in value.items()}
    # Most texts have no slot, and thousands of lines are filled.
    if isinstance(value, str) and "{" in value:
        return SLOT.sub(lambda match: line[match[1]], value)
    return value


def _number(text: str) -> float | None:
    """A cell as a number, or None: separators and the names of infinities are no figures."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None
