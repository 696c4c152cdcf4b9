"""MkDocs hooks: write the reference from the code, set formulas as MathML, leave out what would ask the network."""

from __future__ import annotations

import html
import re
from typing import Any

import backends
import commands
import language
from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files

_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages."""
    for module in (language, backends, commands):
        for address, text in module.pages().items():
            files.append(File.generated(config, address, content=text))
    return files


def on_page_content(text: str, **_: Any) -> str:
    """Formulas as MathML, which browsers set by themselves, without scripts or fonts."""
    return _FORMULA.sub(_mathml, text)


def _mathml(found: re.Match[str]) -> str:
    display = "block" if found[2] == "[" else "inline"
    return convert(html.unescape(found[3]).strip(), display=display)
