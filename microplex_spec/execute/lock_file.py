"""Reading spec.lock.yaml back: by the compiled YAML reader, since a lock has ten thousand lines."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..spec.errors import SpecError

# YAML 1.2's core schema, in which NO is a text; the reader's own is that of YAML 1.1.
_CORE = {
    "null": r"^(?:~|null|Null|NULL|)$",
    "bool": r"^(?:true|True|TRUE|false|False|FALSE)$",
    "int": r"^[-+]?[0-9]+$",
    "float": r"^[-+]?(?:(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))$|^\.(?:nan|NaN|NAN)$",
}


def read_lock(path: Path) -> dict[str, Any]:
    """What a run was declared to be, resolved; SpecError where the file is missing or no lock."""
    content = _load(_text(path), path)
    if not isinstance(content, dict) or not {"choices", "spec", "variables", "targets"} <= content.keys():
        raise SpecError(f"{path} is no lock of a spec that this version knows")
    return content


def split_lock(path: Path) -> tuple[dict[str, Any], str]:
    """The choices of a run, and the text of all else: enough to see whether two runs built one spec."""
    head, _, rest = _text(path).partition("\nspec:\n")
    content = _load(head, path)
    return (content.get("choices") or {} if isinstance(content, dict) else {}), rest


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} cannot be read: {error}") from None


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
