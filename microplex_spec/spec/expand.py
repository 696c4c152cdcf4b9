"""Expansion of target rows over CSV tables: one row of YAML, a target for each line of the table."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

from .errors import Place, Problems, did_you_mean

_SLOT = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def expand_row(row: dict[str, Any], folder: Path, place: Place, problems: Problems) -> list[dict[str, Any]]:
    """The targets that one row stands for: itself, or one a line of its `table`, slots like {state} filled in.

    `rows` keeps only the lines whose columns have the given text. Cells are texts, so codes keep their zeros;
    `value`, `se` and `tolerance` are read as numbers once filled.
    """
    if "table" not in row:
        return [row]
    template = {key: value for key, value in row.items() if key not in ("table", "rows")}
    lines = _read_table(folder / str(row["table"]), str(row["table"]), place, problems)
    if not lines:
        return []
    columns = list(lines[0])
    wanted = row.get("rows") or {}
    if not isinstance(wanted, dict):
        problems.add("'rows' must be a mapping of column to text", place)
        return []
    for name in {*wanted, *_slots(template)} - set(columns):
        problems.add(f"table {row['table']} has no column {name!r}", place, did_you_mean(str(name), columns))
        return []
    kept = [line for line in lines if all(line[column] == str(text) for column, text in wanted.items())]
    if not kept:
        problems.add(f"no line of table {row['table']} has {wanted}", place)
    return [_numbers(_fill(template, line), place, problems) for line in kept]


def _read_table(path: Path, shown: str, place: Place, problems: Problems) -> list[dict[str, str]]:
    if not path.is_file():
        problems.add(f"no table {shown!r} beside this file", place)
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream, restval=""))


def _slots(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*map(_slots, value.values())) if value else set()
    return set(_SLOT.findall(value)) if isinstance(value, str) else set()


def _fill(value: Any, line: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _fill(inner, line) for key, inner in value.items()}
    return _SLOT.sub(lambda match: line[match[1]], value) if isinstance(value, str) else value


def _numbers(target: dict[str, Any], place: Place, problems: Problems) -> dict[str, Any]:
    for key in ("value", "se", "tolerance"):
        if isinstance(target.get(key), str):
            try:
                target[key] = float(target[key])
            except ValueError:
                problems.add(f"{target.get('id')}: {key} {target[key]!r} is not a number", place)
                target[key] = 0.0
    return target
