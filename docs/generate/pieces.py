"""Pieces of Markdown: tables, anchors, and what a docstring says of one parameter."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars and line ends within cells are taken care of."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


def code(value: object) -> str:
    return f"`{value}`"


def prose(docstring: str | None) -> str:
    """A docstring as paragraphs; its lines joined, its lists of one line each kept apart by the blank lines."""
    text = inspect.cleandoc(docstring or "")
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text))


def without_name(line: str) -> str:
    """A first line such as "plan: the steps" or "Imputer `qrf`: one forest" without what its heading says already."""
    rest = re.sub(r"^(\w+( \w+)?|\w+ `\w+`): ", "", line)
    return line if rest == line else rest[:1].upper() + rest[1:]


def meanings(names: Sequence[str], docstrings: Iterable[str | None]) -> dict[str, str]:
    """What docstrings say of parameters, which stand in them as `name: text` or `name, other: text`.

    The text ends where the next name begins, or with its paragraph. The first docstring that tells of a name counts. A
    name may also be told as `name (text)`.
    """
    if not names:
        return {}
    heading = _heading(names)
    found: dict[str, str] = {}
    for docstring in docstrings:
        for paragraph in prose(docstring).split("\n\n"):
            heads = list(heading.finditer(paragraph))
            for head, after in pairwise([*heads, None]):
                text = paragraph[head.end() : after.start() if after else None].partition(" Raises ")[0].strip()
                for name in head[1].split(", "):
                    found.setdefault(name, text)
            for name in names:
                if aside := re.search(rf"(?<=\s){re.escape(name)} \(([^)]+)\)", paragraph):
                    found.setdefault(name, aside[1])
    return found


def untold(names: Sequence[str], docstring: str | None) -> str:
    """A docstring's paragraphs, each up to where it begins to tell of parameters."""
    paragraphs = prose(docstring).split("\n\n")
    if names:
        paragraphs = [_heading(names).split(paragraph, maxsplit=1)[0].strip() for paragraph in paragraphs]
    return "\n\n".join(filter(None, paragraphs))


def _heading(names: Sequence[str]) -> re.Pattern[str]:
    one = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return re.compile(rf"(?:(?<=^)|(?<=\s))((?:{one})(?:, (?:{one}))*): ")
