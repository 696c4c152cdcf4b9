"""compare: a leaderboard of runs or of a sweep, with mean and spread over seeds and the Pareto front."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Iterable
from pathlib import Path
from shutil import get_terminal_size

from ..compare.leaderboard import BENCHMARK, METRICS, Entry, Metric, leaderboard, metrics_of, shown_metrics
from ..spec.errors import Problem, SpecError, did_you_mean
from .arguments import Parser, write_file
from .leaderboard_text import WIDE, as_text


def run(arguments: list[str]) -> int:
    made = Parser(prog="microplex-spec compare", description=__doc__)
    made.add_argument("folders", nargs="+", metavar="SWEEP|RUN", help="run folders, or folders of sweeps")
    made.add_argument(
        "--sort", default="holdout", metavar="METRIC", help=f"one of: {', '.join(METRICS)}, {BENCHMARK}ID"
    )
    form = made.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="everything, for programs")
    made.add_argument("--csv", metavar="FILE", help="write the table, too")
    made.add_argument("--html", metavar="FILE", help="write one page with the table and a figure a metric, too")
    options = made.parse_args(arguments)
    from ..execute.members import find_members

    members, left_out = find_members(map(Path, options.folders))
    if not members:
        raise SpecError(f"no finished run to compare: {'; '.join(f'{k}: {v}' for k, v in left_out.items())}")
    metrics = metrics_of(members)
    if options.sort not in metrics:
        raise SpecError(Problem(f"unknown metric {options.sort!r}", hint=did_you_mean(options.sort, metrics)))
    entries, by = leaderboard(members, options.sort), metrics[options.sort]
    if options.csv:
        write_file(Path(options.csv), _csv(entries, metrics))
    if options.html:
        from ..report.leaderboard import render

        panels = [(metric.label, [_row(metric, entry) for entry in entries]) for metric in shown_metrics(entries, by)]
        write_file(Path(options.html), render(panels, entries, by.label, left_out))
    if options.json:
        rows = [entry.to_json() for entry in entries]
        print(json.dumps({"sort": options.sort, "entries": rows, "left_out": left_out}, indent=1))
    else:
        print(as_text(entries, by, get_terminal_size().columns if sys.stdout.isatty() else WIDE))
    for folder, why in left_out.items():
        print(f"left out: {folder}: {why}", file=sys.stderr)
    return 0


def _row(metric: Metric, entry: Entry) -> tuple[str, float, float, str]:
    """A row of a figure: the choices, mean and spread, and both in words."""
    mean, spread = entry.mean[metric.name], entry.spread[metric.name]
    return entry.label, mean, spread, metric.told(mean, spread)


def _csv(entries: list[Entry], metrics: Iterable[str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    figures = [column for name in metrics for column in (name, f"{name}_spread")]
    writer.writerow(["choices", "seeds", "pareto", "within_noise_of_first", *figures, "runs"])
    for entry in entries:
        values = [value for name in metrics for value in (entry.mean[name], entry.spread[name])]
        told = ["" if math.isnan(value) else repr(value) for value in values]
        runs = " ".join(member.name for member in entry.members)
        seeds = " ".join(str(member.seed) for member in entry.members)
        writer.writerow([entry.label, seeds, entry.pareto, entry.noise, *told, runs])
    return out.getvalue()
