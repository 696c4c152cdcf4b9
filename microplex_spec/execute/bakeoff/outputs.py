"""What is made of a bakeoff's results: the winner of each variable, tables, and a page."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...compare.bakeoff import METRICS, column_rows, gate_rows, standings, winners
from ...report.bakeoff import markdown, page
from ...spec.adoption import WINNERS
from .folder import BakeoffFolder
from .work import jobs_of


def write_outputs(folder: BakeoffFolder) -> None:
    """Write winners.json, methods.csv, columns.csv, gates.csv and report.html beside the results."""
    bakeoff, _ = folder.declared()
    lines = list(folder.results().values())
    scale, seeds, found = winners(lines)
    content = {
        "bakeoff": folder.id,
        "scale": scale,
        "seeds": list(seeds),
        "score": "weighted CRPS on the log scale",
        "variables": {winner.variable: winner.to_json() for winner in found},
    }
    (folder.path / WINNERS).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    figures = [
        {
            "scale": row.scale,
            "method": row.name,
            "seeds": " ".join(map(str, row.seeds)),
            **{key: value for name in METRICS for key, value in _figure(name, row.mean, row.spread)},
            "error": " / ".join(row.errors),
        }
        for row in standings(lines, ["method", "reference"], "coverage")
    ]
    _write(folder.path / "methods.csv", figures)
    _write(folder.path / "columns.csv", column_rows(lines))
    _write(folder.path / "gates.csv", gate_rows(lines))
    (folder.path / "report.html").write_text(page(bakeoff, folder.id, lines), encoding="utf-8")


def document(folder: BakeoffFolder) -> str:
    """The bakeoff as a document in Markdown."""
    bakeoff, _ = folder.declared()
    finished = folder.done().issuperset(jobs_of(bakeoff))
    return markdown(bakeoff, folder.id, list(folder.results().values()), finished)


def _figure(name: str, mean: Mapping[str, float], spread: Mapping[str, float]) -> list[tuple[str, float | str]]:
    return [(name, _told(mean[name])), (f"{name}_spread", _told(spread[name]))]


def _told(value: float) -> float | str:
    return "" if math.isnan(value) else value


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """A table whose columns are the keys of all rows, in the order in which they first come."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
