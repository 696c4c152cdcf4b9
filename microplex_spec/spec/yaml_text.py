"""Writing a little YAML by hand, so that the text around it stays as a person left it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from .errors import Place, Problem, SpecError
from .yaml_reader import Path_

_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_TEXT, _NULL = "tag:yaml.org,2002:str", "tag:yaml.org,2002:null"


def yaml_text(value: str) -> str:
    """A text as a YAML scalar that reads back as itself, in a block and in brackets: plain where it can be."""
    if value.isprintable() and _reads_back(value, f"- {value}") and _reads_back(value, f"[{value}]"):
        return value
    return f'"{"".join(map(_escaped, value))}"'


def _escaped(character: str) -> str:
    """A character within double quotes."""
    if character in '\\"':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08X}"


def yaml_number(text: str) -> str:
    """A number as it was typed; what is none is written as a text, whose reader then says what is wrong."""
    return text if _NUMBER.fullmatch(text) else yaml_text(text)


def _reads_back(value: str, written: str) -> bool:
    try:
        node = YAML(typ="safe", pure=True).compose(written)
    except (YAMLError, ValueError):
        return False
    if not isinstance(node, SequenceNode) or len(node.value) != 1:
        return False
    (only,) = node.value
    return isinstance(only, ScalarNode) and only.tag == _TEXT and only.value == value


@dataclass(frozen=True)
class Appended:
    """A file's text with a row more. lines: the field of the row that stands on each new line (1-based)."""

    text: str
    lines: Mapping[int, Path_]


def append_row(text: str, key: str, row: Mapping[str, str | Mapping[str, str]], shown: str) -> Appended:
    """Add a row at the end of the list under `key` of a file; every other byte of the text stays as it is.

    row: field -> YAML scalar, or a mapping of such. Raises SpecError for a text that is no such file.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    if text and not text.endswith("\n"):
        text += newline
    node = _list_under(text, key, shown)
    if node is None:
        text += f"{key}:{newline}"
        return _inserted(text, text.count("\n"), 2, row, newline, spaced=False)
    if isinstance(node, ScalarNode) or not node.value:
        start, end = node.start_mark.index, node.end_mark.index
        text = text[:start].rstrip(" ") + text[end:] if end > start else text
        return _inserted(text, node.start_mark.line + 1, 2, row, newline, spaced=False)
    if isinstance(node, SequenceNode) and node.flow_style:
        place = Place(shown, node.start_mark.line + 1, node.start_mark.column + 1)
        raise SpecError(Problem(f"the {key} stand in brackets", place, "write them as a list, each from '- id: ...'"))
    lines = text.split("\n")
    last = node.value[-1].start_mark.line
    spaced = len(node.value) > 1 and not lines[last - 1].strip()
    return _inserted(text, _end(node, lines), node.start_mark.column, row, newline, spaced)


def _list_under(text: str, key: str, shown: str) -> Node | None:
    """What stands under a key of the file; None where the file is empty or lacks it."""
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        raise SpecError(Problem(f"not valid YAML: {str(error).splitlines()[0]}", Place(shown))) from None
    if root is None:
        return None
    found = [value for name, value in root.value if name.value == key] if isinstance(root, MappingNode) else None
    if found is None or not all(isinstance(value, SequenceNode) or value.tag == _NULL for value in found):
        raise SpecError(Problem(f"the file must list its {key} under {key!r}", Place(shown)))
    return found[0] if found else None


def _end(node: Node, lines: list[str]) -> int:
    """How many lines of the file lie up to the end of a node, without the blanks and comments that follow it."""
    while isinstance(node, SequenceNode | MappingNode) and node.value and not node.flow_style:
        last: Any = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    # A text under | or > ends where the next thing begins; all others on their own last line.
    folded = isinstance(node, ScalarNode) and node.style in ("|", ">")
    end = node.end_mark.line + (not folded)
    while folded and end and not lines[end - 1].strip():
        end -= 1
    return end


def _inserted(
    text: str, after: int, indent: int, row: Mapping[str, str | Mapping[str, str]], newline: str, spaced: bool
) -> Appended:
    made: list[tuple[str, Path_]] = []
    for name, value in row.items():
        if isinstance(value, str):
            made.append((f"{name}: {value}", (name,)))
        else:
            made.append((f"{name}:", (name,)))
            made += [(f"  {inner}: {scalar}", (name, inner)) for inner, scalar in value.items()]
    lines = [f"{line}\n" for line in text.split("\n")[:-1]]
    first = after + 1 + spaced
    written = [" " * indent + ("  " if number else "- ") + line + newline for number, (line, _) in enumerate(made)]
    whole = "".join([*lines[:after], *([newline] if spaced else []), *written, *lines[after:]])
    return Appended(whole, {first + number: field for number, (_, field) in enumerate(made)})
