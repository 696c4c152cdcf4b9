"""Reading a page: its fenced blocks, and packages written out of them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
_FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line of the page where it stands."""

    language: str
    text: str
    line: int


def blocks(page: str, *languages: str) -> list[Block]:
    """The fenced blocks of a page, named from docs/, of some languages or of all."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = (Block(m[2], m[3], text.count("\n", 0, m.start()) + 1) for m in _FENCE.finditer(text))
    return [block for block in found if not languages or block.language in languages]


def install(page: str, folder: Path) -> None:
    """Write the package that a page shows, with its entry points, as if it were installed into the folder."""
    project = tomllib.loads(next(block.text for block in blocks(page, "toml")))["project"]
    for block in blocks(page, "python"):
        head, _, _ = block.text.partition("\n")
        if head.endswith(".py"):
            path = folder / head.removeprefix("# ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    meta = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    meta.mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (meta / "METADATA").write_text(text, encoding="utf-8")
    groups = project["entry-points"].items()
    lines = [line for group, names in groups for line in (f"[{group}]", *(f"{k} = {v}" for k, v in names.items()))]
    (meta / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
