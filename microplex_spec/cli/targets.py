"""targets: the ledger of a spec's targets: how each is used and why, its support, and how far it lies from the data."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from ..execute.target_ledger import STATUSES, TargetRow, target_ledger
from ..spec.errors import Problem, SpecError, did_you_mean
from . import targets_add
from .arguments import compose_choices, parser, project_of, write_file

# Characters a line that goes to a file or another program may have; a terminal has its own width.
WIDE = 320


def run(arguments: list[str]) -> int:
    if arguments[:1] == ["add"]:
        return targets_add.run(arguments[1:])
    made = parser("targets", __doc__ or "")
    made.epilog = "microplex-spec targets add appends a row to a file of targets (targets add --help)"
    made.add_argument("--status", metavar="S", help=f"only targets of a status: {', '.join(STATUSES)}")
    made.add_argument("--agency", metavar="A", help="only those of an agency, by its name or a part of it")
    made.add_argument("--family", metavar="F", help="only those of a family, which folds hold out together")
    made.add_argument("--sort", choices=("stretch", "id"), help="default: by the stretch needed, where it is known")
    made.add_argument("--json", action="store_true", help="everything, for programs")
    made.add_argument("--csv", metavar="FILE", help="write the table to a file, too")
    options = made.parse_intermixed_args(arguments)

    from ..execute.planning import compile_plan
    from ..execute.store import Store
    from ..spec.load import load_spec

    _check("status", options.status, STATUSES)
    project = project_of(options.project)
    choices = compose_choices(project, options.overrides)
    spec = load_spec(choices.spec, project)
    # A selection leaves steps out, and the ledger is of all targets.
    plan = compile_plan(spec, choices.model_copy(update={"select": None}))
    rows, kind = target_ledger(spec, plan, Store.of(project, choices.store))
    shown = _chosen(rows, options.status, options.agency, options.family)
    by_stretch = kind == "calibrate" if options.sort is None else options.sort == "stretch"
    shown.sort(key=lambda row: (-_need(row) if by_stretch else 0.0, row.id))
    if options.csv:
        write_file(Path(options.csv), _csv(shown))
    if options.json:
        content = {"spec": spec.name, "from": kind or None, "targets": [row.to_json() for row in shown]}
        print(json.dumps(content | {"statuses": _statuses(shown)}, indent=1))
        return 0
    _print_table(shown)
    counted = ", ".join(f"{number:,} {status}" for status, number in _statuses(shown).items())
    print(f"{len(shown):,} of {len(rows):,} targets{': ' if counted else ''}{counted}")
    if kind != "calibrate":
        lacking = "no initial estimates yet" if kind else "no support and no initial estimates yet"
        print(
            f"{lacking}: {' '.join(['microplex-spec build', *options.overrides, '--select calibrate'])} finds them out"
        )
    return 0


def _chosen(rows: list[TargetRow], status: str | None, agency: str | None, family: str | None) -> list[TargetRow]:
    """The rows that all filters leave; SpecError for a filter that names what no target has."""
    if agency is not None:
        named = [row for row in rows if agency.casefold() in row.agency.casefold()]
        if not named:
            _check("agency", agency, {row.agency for row in rows})
        rows = named
    if family is not None:
        _check("family", family, {row.family for row in rows})
        rows = [row for row in rows if row.family == family]
    return [row for row in rows if status in (None, row.status)]


def _check(what: str, name: str | None, known: Iterable[str]) -> None:
    known = list(known)
    if name is not None and name not in known:
        raise SpecError(Problem(f"unknown {what} {name!r}", hint=did_you_mean(name, known)))


def _need(row: TargetRow) -> float:
    """How many times over or under the data the value lies, as a logarithm; infinite where weights cannot tell."""
    if row.initial is None:
        return -1.0
    return abs(math.log(row.stretch)) if row.stretch and row.stretch > 0 else math.inf if row.value else 0.0


def _statuses(rows: Sequence[TargetRow]) -> dict[str, int]:
    counted = Counter(row.status for row in rows)
    return {status: counted[status] for status in STATUSES if counted[status]}


def _csv(rows: Sequence[TargetRow]) -> str:
    out = StringIO()
    writer = csv.DictWriter(out, TargetRow.__dataclass_fields__, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row.to_json() for row in rows)
    return out.getvalue()


def _print_table(rows: Sequence[TargetRow]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("id", "status", "role"):
        table.add_column(name, no_wrap=True)
    for name in ("value", "unit", "agency", "support", "initial", "stretch"):
        numeric = name in ("value", "support", "initial", "stretch")
        table.add_column(name, no_wrap=True, justify="right" if numeric else "left")
    table.add_column("reason", overflow="fold")
    for row in rows:
        cells = (row.id, row.status, row.role, _figure(row.value), row.unit, row.agency, _figure(row.support))
        stretch = "" if row.stretch is None else f"{row.stretch:.3g}x"
        # As plain text, since an id or a reason may hold brackets, which rich takes for markup.
        table.add_row(*map(Text, (*cells, _figure(row.initial), stretch, row.reason)))
    terminal = sys.stdout.isatty()
    Console(width=None if terminal else WIDE, highlight=False, file=sys.stdout).print(table)


def _figure(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.4g}"
