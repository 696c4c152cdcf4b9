"""A leaderboard as lines for a terminal of any width."""

from __future__ import annotations

import io
from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING

from ..compare.leaderboard import Entry, Metric, shown_metrics

if TYPE_CHECKING:
    from rich.table import Table

WIDE = 400
"""Letters of a line that goes to a file or another program: every column has its place."""
HARD_SPACE = "\u00a0"


def as_text(entries: Sequence[Entry], by: Metric, width: int) -> str:
    """A table, by short names of the metrics where the long ones do not fit into `width` letters, else a paragraph an
    entry: whatever the width, no figure is cut off."""
    from rich.console import Console
    from rich.measure import Measurement

    out = io.StringIO()
    console = Console(file=out, width=width)
    for short in (False, True):
        table = _rich_table(entries, by, short)
        if Measurement.get(console, console.options.update(width=WIDE), table).maximum <= width:
            console.print(table)
            return out.getvalue().rstrip()
    return "\n".join([*(_paragraph(entry, by, width) for entry in entries), fill(_caption(by), width)])


def _paragraph(entry: Entry, by: Metric, width: int) -> str:
    head = f"{_marks(entry)} {entry.label}, {len(entry.members)} seed{'s' * (len(entry.members) > 1)}:".strip()
    told = [
        f"{metric.name} {metric.told(entry.mean[metric.name], entry.spread[metric.name])}"
        for metric in shown_metrics([entry], by)
    ]
    # Lines are not broken within a figure.
    whole = ", ".join(text.replace(" ", HARD_SPACE) for text in told)
    return "\n".join(
        [head, fill(whole, width, initial_indent="    ", subsequent_indent="    ").replace(HARD_SPACE, " ")]
    )


def _marks(entry: Entry) -> str:
    return ("*" if entry.pareto else "") + ("≈" if entry.noise else "")


def _caption(by: Metric) -> str:
    front = "* not beaten in held-out error, benchmarks and effective sample size"
    return f"sorted by {by.label}; {front}; ≈ within seed noise of the first"


def _rich_table(entries: Sequence[Entry], by: Metric, short: bool) -> Table:
    from rich.box import HEAVY_HEAD, SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        caption=_caption(by), box=SIMPLE_HEAD if short else HEAVY_HEAD, collapse_padding=short, pad_edge=not short
    )
    table.add_column("")
    longest = max(len(entry.label) for entry in entries)
    table.add_column("choices", overflow="fold", min_width=min(20 if short else 40, longest))
    table.add_column("seeds", justify="right")
    metrics = shown_metrics(entries, by)
    for metric in metrics:
        table.add_column(metric.name if short else metric.label, justify="right")
    for entry in entries:
        figures = (metric.told(entry.mean[metric.name], entry.spread[metric.name]) for metric in metrics)
        table.add_row(_marks(entry), entry.label, str(len(entry.members)), *figures)
    return table
