"""YAML 1.2 with positions: every key and value remembers its line and column.

Values are plain Python (str, int, float, bool, None, dict, tuple). `NO` stays a text, a repeated key is an
error, and an unquoted code with a leading zero (06) is an error, because it would become a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from .errors import Place, Problem, Problems, SpecError

Path_ = tuple[str | int, ...]

_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+$")
_STANDARD = "tag:yaml.org,2002:"
_INT, _FLOAT, _BOOL, _NULL = (_STANDARD + kind for kind in ("int", "float", "bool", "null"))
_BOOLS = {"true": True, "false": False}

# What the parser says of the commonest slips, and what to do about them.
_REMEDIES = {
    "mapping values are not allowed": "quote a text that holds ': '",
    "cannot start any token": "indent by spaces, and quote a text that starts with a special character",
    "<block end>": "check the indentation of this line",
    "end of stream": "a quote or bracket is not closed",
    "<stream end>": "a quote or bracket is not closed",
    "could not find expected ':'": "a key needs a colon after it",
}


@dataclass
class Document:
    """One YAML file: its data, and the place of each key and value by its path from the top.

    A quoted text stands where its first character does, after the quote. `folded` holds the paths of texts
    written over several lines, in which a count of characters says nothing about the column.
    """

    file: str
    data: Any = None
    keys: dict[Path_, Place] = field(default_factory=dict)
    values: dict[Path_, Place] = field(default_factory=dict)
    folded: set[Path_] = field(default_factory=set)

    def place(self, *path: str | int, key: bool = False) -> Place:
        """Place of the value (or of the key) at `path`, or of the nearest thing above it."""
        found = (self.keys if key else self.values).get(path)
        for end in range(len(path), -1, -1):
            found = found or self.keys.get(path[:end]) or self.values.get(path[:end])
        return found or Place(self.file)

    def inherit(self, above: Path_, paths: Iterable[Path_]) -> None:
        """Let what was not written under each of `paths` stand where it was written under `above`."""
        written = set(self.values)
        inherited = [path[len(above) :] for path in written if path[: len(above)] == above]
        for path in paths:
            for rest in inherited:
                new, old = (*path, *rest), (*above, *rest)
                if new not in written:
                    self.values.setdefault(new, self.values[old])
                    self.keys.setdefault(new, self.keys.get(old, self.values[old]))
                    if old in self.folded:
                        self.folded.add(new)


def read_yaml(path: Path, shown_as: str, text: str | None = None) -> Document:
    """Read one file, or `text` in its place. SpecError with file:line:col for bad syntax, repeated keys, bare codes."""
    problems = Problems()
    document = Document(shown_as)
    try:
        text = path.read_text(encoding="utf-8") if text is None else text
    except FileNotFoundError:
        raise SpecError(f"no such file: {shown_as}") from None
    except UnicodeDecodeError:
        raise SpecError(f"{shown_as}: not a text in UTF-8") from None
    except OSError as error:
        raise SpecError(f"{shown_as}: cannot be read: {error.strerror}") from None
    node = _compose(text, shown_as)
    if node is not None:
        document.data = _Builder(document, problems).build(node, ())
    problems.raise_if_any()
    return document


@lru_cache(maxsize=64)
def _compose(text: str, shown_as: str) -> Node | None:
    """The nodes of a text, which nothing changes: two specs held against each other share most of their files."""
    try:
        return YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark, fault = error.problem_mark or error.context_mark, str(error.problem or error.context)
        place = Place(shown_as, mark.line + 1, mark.column + 1) if mark else Place(shown_as)
        hint = next((remedy for sign, remedy in _REMEDIES.items() if sign in fault), "")
        raise SpecError(Problem(f"not valid YAML: {fault}", place, hint)) from None
    except YAMLError as error:
        raise SpecError(Problem(f"not valid YAML: {str(error).splitlines()[0]}", Place(shown_as))) from None
    except RecursionError:
        raise SpecError(Problem("nested too deep", Place(shown_as))) from None
    except Exception as error:  # The parser lets plain Python errors escape on some malformed directives and tags.
        raise SpecError(Problem(f"not valid YAML: {error}", Place(shown_as))) from None


class _Builder:
    """Turns composed nodes into plain data while it notes their places."""

    def __init__(self, document: Document, problems: Problems):
        self.document, self.problems = document, problems
        self.open: set[int] = set()

    def at(self, node: Node) -> Place:
        inside = isinstance(node, ScalarNode) and node.style in ("'", '"')
        return Place(self.document.file, node.start_mark.line + 1, node.start_mark.column + 1 + inside)

    def build(self, node: Node, path: Path_) -> Any:
        self.document.values[path] = self.at(node)
        if isinstance(node, ScalarNode):
            if node.start_mark.line != node.end_mark.line:
                self.document.folded.add(path)
            return self.scalar(node)
        if id(node) in self.open:
            self.problems.add("an alias must not stand inside what it stands for", self.at(node))
            return None
        self.tag(node)
        self.open.add(id(node))
        data = self.mapping(node, path) if isinstance(node, MappingNode) else self.sequence(node, path)
        self.open.discard(id(node))
        return data

    def sequence(self, node: Node, path: Path_) -> tuple[Any, ...]:
        return tuple(self.build(item, (*path, index)) for index, item in enumerate(node.value))

    def mapping(self, node: MappingNode, path: Path_) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self.problems.add("a key must be a plain text", self.at(key_node))
                continue
            key = key_node.value
            if key in out:
                first = self.document.keys[(*path, key)]
                self.problems.add(f"key {key!r} stands here twice", self.at(key_node), f"first at {first}")
                continue
            self.document.keys[(*path, key)] = self.at(key_node)
            out[key] = self.build(value_node, (*path, key))
        return out

    def tag(self, node: Node) -> None:
        if not str(node.tag).startswith(_STANDARD):
            self.problems.add(f"tags such as {node.tag} are not used here", self.at(node), "take it out")

    def scalar(self, node: ScalarNode) -> Any:
        """The value of a plain or quoted text; whatever YAML 1.2 knows no type for (dates, NO) stays a text."""
        self.tag(node)
        text, tag = node.value, node.tag
        if tag in (_INT, _FLOAT) and _LEADING_ZERO.match(text):
            self.problems.add(f"{text} would lose its leading zero", self.at(node), f"quote it: '{text}'")
            return text
        if tag == _NULL:
            return None
        if tag == _BOOL:
            return _BOOLS.get(text.lower(), text)
        try:
            if tag == _INT:
                return int(text.replace("_", ""), 0)
            if tag == _FLOAT:
                return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            pass
        return text
