"""The page of a leaderboard: its table, and a small figure for each metric, in one self-contained HTML text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from . import svg
from .template import environment

Row = tuple[str, float, float, str]
"""Choices, mean, spread over seeds, and both in words."""

ROW_HEIGHT, WIDTH, LEFT, RIGHT = 22, 560, 210, 120
LONGEST = 32
"""Letters of a name beside its row; the whole name stands in the table and behind the dot."""


def render(
    panels: Sequence[tuple[str, Sequence[Row]]], entries: Iterable[Any], sorted_by: str, left_out: Mapping[str, str]
) -> str:
    """panels: by metric its label and a row an entry, all in the order of `entries` (leaderboard entries)."""
    entries = list(entries)
    rows = [
        {"entry": entry, "cells": [panel_rows[number][3] for _, panel_rows in panels]}
        for number, entry in enumerate(entries)
    ]
    drawn = [(label, panel(label, panel_rows)) for label, panel_rows in panels if _finite(panel_rows)]
    return (
        environment()
        .get_template("leaderboard.html")
        .render(labels=[label for label, _ in panels], rows=rows, panels=drawn, sorted_by=sorted_by, left_out=left_out)
    )


def panel(label: str, rows: Sequence[Row]) -> Markup:
    """Mean and spread of each entry on one scale from zero or below."""
    ends = [mean + sign * _or_zero(spread) for _, mean, spread, _ in rows if not math.isnan(mean) for sign in (-1, 1)]
    low, high = min(0.0, *ends), max(*ends, 1e-12)
    x = svg.linear(low, high, LEFT, WIDTH - RIGHT)
    parts = [svg.line(x(0.0), 0, x(0.0), ROW_HEIGHT * len(rows), "one")]
    for number, (name, mean, spread, words) in enumerate(rows):
        y = ROW_HEIGHT * (number + 0.5)
        parts.append(svg.line(LEFT, y, WIDTH - RIGHT, y, "grid"))
        shown = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
        parts.append(svg.text(LEFT - 10, y + 4, shown, "end", "name"))
        if math.isnan(mean):
            continue
        parts.append(svg.text(WIDTH - RIGHT + 10, y + 4, words))
        if not math.isnan(spread):
            parts.append(svg.line(x(mean - spread), y, x(mean + spread), y, "one"))
        dot = svg.tag("circle", svg.tag("title", f"{name}: {words}"), cx=x(mean), cy=y, r=4.0)
        parts.append(svg.tag("g", dot, class_="point fit"))
    told = "; ".join(f"{name} {words}" for name, _, _, words in rows)
    return svg.figure(WIDTH, ROW_HEIGHT * len(rows), label, told, *parts)


def _finite(rows: Sequence[Row]) -> bool:
    return any(not math.isnan(mean) for _, mean, _, _ in rows)


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value
