"""The page of a comparison: its tables in one self-contained HTML text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from . import formats
from .environment import page_environment


def render(content: Mapping[str, Any]) -> str:
    """The page of what `diff --json` gives; it needs no network and no script."""
    environment = page_environment()
    environment.filters |= {
        "compact": lambda figure: "" if figure is None else formats.compact(figure),
        "signed": lambda error: "" if error is None else formats.signed_percent(error),
        "duration": formats.duration,
        "value": _value,
    }
    rows = content["spec"]
    return environment.get_template("comparison.html").render(
        content=content,
        changes=[row for row in rows if row["change"] != "note"],
        notes=[row for row in rows if row["change"] == "note"],
        seconds=sum(row["seconds"] for row in content["steps"]),
    )


def _value(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)
