"""YAML 1.2 with positions: every key and value remembers its line and column.

Values are plain Python (str, int, float, bool, None, dict, tuple). `NO` stays a text, a repeated key is an
error, and an unquoted code with a leading zero (06) is an error, because it would become a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from .errors import Place, Problems, SpecError

Path_ = tuple[str | int, ...]

_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+$")
_INT = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"
_BOOL = "tag:yaml.org,2002:bool"
_NULL = "tag:yaml.org,2002:null"
_STR = "tag:yaml.org,2002:str"


@dataclass
class Document:
    """One YAML file: its data, and the place of each key and value by its path from the top."""

    file: str
    data: Any = None
    keys: dict[Path_, Place] = field(default_factory=dict)
    values: dict[Path_, Place] = field(default_factory=dict)

    def place(self, *path: str | int, key: bool = False) -> Place:
        """Place of the value (or of the key) at `path`, or of the nearest thing above it."""
        first = self.keys if key else self.values
        for end in range(len(path), -1, -1):
            found = (first if end == len(path) else self.values).get(path[:end])
            if found:
                return found
        return Place(self.file)


def read_yaml(path: Path, shown_as: str) -> Document:
    """Read one file. SpecError with file:line:col for bad syntax, repeated keys and unquoted codes."""
    problems = Problems()
    document = Document(shown_as)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SpecError(f"{shown_as}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{shown_as}: cannot be read: {error}") from None
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems.add(
            f"not valid YAML: {error.problem or error.context}",
            Place(shown_as, mark.line + 1, mark.column + 1) if mark else Place(shown_as),
        )
        raise SpecError(problems.found) from None
    if node is not None:
        document.data = _Builder(document, problems).build(node, ())
    problems.raise_if_any()
    return document


class _Builder:
    """Turns composed nodes into plain data while it notes their places."""

    def __init__(self, document: Document, problems: Problems):
        self.document, self.problems = document, problems

    def at(self, node: Node) -> Place:
        return Place(self.document.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def build(self, node: Node, path: Path_) -> Any:
        self.document.values[path] = self.at(node)
        if isinstance(node, MappingNode):
            return self.mapping(node, path)
        if isinstance(node, SequenceNode):
            return tuple(self.build(item, (*path, index)) for index, item in enumerate(node.value))
        return self.scalar(node)

    def mapping(self, node: MappingNode, path: Path_) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self.problems.add("a key must be a plain text", self.at(key_node))
                continue
            key = key_node.value
            if key in out:
                self.problems.add(f"key {key!r} stands here twice", self.at(key_node))
                continue
            self.document.keys[(*path, key)] = self.at(key_node)
            out[key] = self.build(value_node, (*path, key))
        return out

    def scalar(self, node: ScalarNode) -> Any:
        text, tag = node.value, node.tag
        if tag in (_INT, _FLOAT) and _LEADING_ZERO.match(text):
            self.problems.add(f"{text} would lose its leading zero", self.at(node), f"quote it: '{text}'")
            return text
        if tag == _STR:
            return text
        if tag == _NULL:
            return None
        if tag == _BOOL:
            return text.lower() == "true"
        try:
            if tag == _INT:
                return int(text.replace("_", ""), 0)
            if tag == _FLOAT:
                return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            pass
        return text
