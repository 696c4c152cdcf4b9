"""A bakeoff as one self-contained page, and as a document in Markdown with the command that made it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..compare.bakeoff import METRICS, Line, standings
from ..compare.bakeoff_sheets import Sheet, sheets
from ..spec.bakeoffs import Bakeoff
from .leaderboard import Row, panel
from .template import environment

FIGURES = (
    "coverage",
    "latent_coverage",
    "crps",
    "zero_rate_mae",
    "spearman_distance",
    "calibration_error",
    "fit_seconds",
)


def page(bakeoff: Bakeoff, name: str, lines: Sequence[Line]) -> str:
    """The page; it needs no network and no script. name: the id of the bakeoff."""
    scale = max((line["scale"] for line in lines), default=0)
    last = [line for line in lines if line["scale"] == scale]
    found = [standing for standing in standings(last, ["method", "reference"], "coverage") if standing.seeds]
    panels = []
    for metric in (METRICS[name] for name in FIGURES):
        rows: list[Row] = []
        for standing in found:
            mean, spread = standing.mean[metric.name], standing.spread[metric.name]
            rows.append((standing.name, mean, spread, metric.told(mean, spread)))
        if not all(math.isnan(mean) for _, mean, _, _ in rows):
            panels.append((metric.label, panel(metric.label, rows)))
    return (
        environment()
        .get_template("bakeoff.html")
        .render(bakeoff=bakeoff, id=name, sheets=sheets(bakeoff, lines), panels=panels, scale=scale)
    )


def markdown(bakeoff: Bakeoff, name: str, lines: Sequence[Line], finished: bool) -> str:
    """The document: what was compared, by which commands, and every table."""
    parts = [
        f"# {bakeoff.label or bakeoff.name}",
        bakeoff.notes.strip(),
        _what(bakeoff),
        _commands(bakeoff, name, finished),
    ]
    parts += [f"## {sheet.title}\n\n{sheet.note}\n\n{_table(sheet)}" for sheet in sheets(bakeoff, lines)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _what(bakeoff: Bakeoff) -> str:
    drawn = [f"{name} ({regime})" for name, regime in bakeoff.draw.items()]
    return (
        f"{len(bakeoff.columns)} columns of {bakeoff.entity}: {len(bakeoff.conditions)} are given "
        f"({', '.join(bakeoff.conditions)}), {len(drawn)} are drawn one after another, each knowing those before it "
        f"({', '.join(drawn)}). {bakeoff.test_share:.0%} of the groups are held out"
        f"{' (by ' + ', '.join(bakeoff.group) + ')' if bakeoff.group else ''}."
    )


def _commands(bakeoff: Bakeoff, name: str, finished: bool) -> str:
    told = (
        f"Declared in `conf/bakeoffs/{bakeoff.name}.yaml`; figures of bakeoff `{name}`, made by\n\n"
        f"    microplex-spec bakeoff {bakeoff.name}\n"
        f"    microplex-spec bakeoff --resume {name}{'' if finished else ' --tables'} --markdown FILE"
    )
    stopped = "It was stopped before its end; above each table stands which seeds it rests on."
    return told if finished else f"{told}\n\n{stopped}"


def _table(sheet: Sheet) -> str:
    rows = [sheet.columns, tuple("---" if index == 0 else "---:" for index in range(len(sheet.columns))), *sheet.rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
