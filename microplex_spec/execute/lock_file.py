"""Reading spec.lock.yaml back: by the compiled YAML reader, since a lock has ten thousand lines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from ..compile.lock import DECLARED, FORMAT, PLACES
from ..plan.keys import digest
from ..plan.run_files import reading
from ..spec.errors import Problem, SpecError
from ..spec.places import FILLED_NAME

_SECTIONS = ("choices", "spec", "variables", "targets")

# YAML 1.2's core schema, in which NO is a text; the reader's own is that of YAML 1.1.
_CORE = {
    "null": r"^(?:~|null|Null|NULL|)$",
    "bool": r"^(?:true|True|TRUE|false|False|FALSE)$",
    "int": r"^[-+]?[0-9]+$",
    "float": r"^[-+]?(?:(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))$|^\.(?:nan|NaN|NAN)$",
}


def read_lock(path: Path) -> dict[str, Any]:
    """What a run was declared to be, resolved; SpecError where the file is missing or no lock."""
    return _known(_load(_text(path).partition(f"\n{PLACES}:\n")[0], path), path, _SECTIONS)


def split_lock(path: Path) -> tuple[dict[str, Any], str]:
    """The choices of a run, and the key of all that it declared: enough to see whether two runs built one spec."""
    head, found, rest = _text(path).partition("\nspec:\n")
    content = _known(_load(head, path), path, ("choices",))
    if not found:
        raise SpecError(_unknown(path))
    # A lock written before there were keys is known by its text.
    key = content.get(DECLARED) or digest([rest.partition(f"\n{PLACES}:\n")[0].rstrip()])
    return content["choices"], str(key)


def read_places(path: Path) -> Callable[[str, str, str], str]:
    """Where a run's objects were declared: kind, name and dotted field to file:line:col; "" where the lock says not.

    Of what a line of a table filled, to that line.
    """
    found: dict[tuple[str, str], tuple[str, dict[str, str]]] = {}
    rows: dict[tuple[str, str], tuple[str, list[str]]] = {}
    with reading(path):
        for line in _text(path).partition(f"\n{PLACES}:\n")[2].splitlines():
            group = json.loads(line.removeprefix("- "))
            found.update({(group["kind"], name): (group["at"], group["fields"]) for name in group["names"]})
            for name, number in zip(group["names"], group.get("lines", ()), strict=False):
                rows[group["kind"], name] = (f"{group['table']}:{number}", group["filled"])

    def place(kind: str, name: str, field: str) -> str:
        line, filled = rows.get((kind, name), ("", []))
        if (field or FILLED_NAME) in filled:
            return line
        at, fields = found.get((kind, name), ("", {}))
        while field and field not in fields:
            field = field.rpartition(".")[0]
        if not field:
            return at
        return fields[field] if fields[field].count(":") > 1 else f"{at.rsplit(':', 2)[0]}:{fields[field]}"

    return place


def _known(content: Any, path: Path, sections: Collection[str]) -> dict[str, Any]:
    """The content of a lock, which must be of this format and have the given sections."""
    if not isinstance(content, dict):
        raise SpecError(_unknown(path))
    if (other := content.get("format", FORMAT)) != FORMAT:
        hint = "build the run again, or compare specs: git keeps them"
        raise SpecError(Problem(f"{path} is of format {other}, this version reads format {FORMAT}", hint=hint))
    if any(not isinstance(content.get(name), list | dict) for name in sections):
        raise SpecError(_unknown(path))
    return content


def _unknown(path: Path) -> str:
    return f"{path} is no lock of a spec that this version knows"


def _text(path: Path) -> str:
    with reading(path, "lock of a spec"):
        return path.read_text(encoding="utf-8")


def _load(text: str, path: Path) -> Any:
    import yaml

    class Core(yaml.CSafeLoader):
        yaml_implicit_resolvers: dict[str, Any] = {}

    for kind, pattern in _CORE.items():
        Core.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(pattern), None)
    Core.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))
    Core.add_constructor("tag:yaml.org,2002:float", lambda loader, node: _number(node.value))
    try:
        return yaml.load(text, Core)
    except yaml.YAMLError as error:
        raise SpecError(f"{path} cannot be read: {error}") from None


def _number(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
