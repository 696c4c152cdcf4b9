"""bakeoff: imputers fitted, drawn and scored on the same rows; the winner of each variable, which a spec can adopt."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..spec.bakeoffs import bakeoff_names, find_bakeoff
from ..spec.errors import Problem, SpecError
from ..spec.project import Project
from .arguments import Parser, project_of, write_file

if TYPE_CHECKING:
    from ..execute.bakeoff import BakeoffFolder, Job


def run(arguments: list[str]) -> int:
    made = Parser(prog="microplex-spec bakeoff", description=__doc__)
    made.add_argument("name", nargs="?", metavar="NAME", help="of a file under conf/bakeoffs (default: the only one)")
    made.add_argument("--resume", metavar="ID", help="do what an earlier bakeoff lacks, failed methods among it")
    made.add_argument("--tables", action="store_true", help="with --resume: only tell what is done so far")
    made.add_argument("--methods", nargs="+", default=[], metavar="METHOD", help="only these of its methods")
    made.add_argument("--scales", nargs="+", default=[], type=_whole, metavar="ROWS", help="other scales than declared")
    made.add_argument("--seeds", nargs="+", default=[], type=_whole, metavar="SEED", help="other seeds than declared")
    made.add_argument("--markdown", metavar="FILE", help="write the tables as a document, too")
    made.add_argument("--project", metavar="DIR", help="the project's folder (default: found upward from here)")
    options = made.parse_args(arguments)
    project = project_of(options.project)
    if options.resume and (options.name or options.methods or options.scales or options.seeds):
        raise SpecError(Problem("a bakeoff goes on as it was called", hint="give --resume alone, or start a new one"))
    if options.tables and not options.resume:
        raise SpecError(Problem("--tables tells an earlier bakeoff", hint="name it: --resume ID --tables"))
    folder = _run(project, options)
    from ..execute.bakeoff import document, write_outputs

    write_outputs(folder)
    if options.markdown:
        write_file(Path(options.markdown), document(folder))
    _print_sheets(folder)
    print(project.shown(folder.path / "report.html"))
    failed = [job for job, line in folder.results().items() if line["status"] == "failed"]
    if failed:
        print(f"{len(failed)} failed; try them again with --resume {folder.id}", file=sys.stderr)
    return 1 if failed else 0


def _run(project: Project, options: Any) -> BakeoffFolder:
    if options.resume:
        from ..execute.bakeoff import BakeoffFolder, resume_bakeoff

        if options.tables:
            return BakeoffFolder.find(project, options.resume)
        return resume_bakeoff(project, options.resume, _tell)
    bakeoff, written = find_bakeoff(project, options.name or _only(project))
    bakeoff = bakeoff.only(options.methods, options.scales, options.seeds)
    from ..execute.bakeoff import new_bakeoff

    return new_bakeoff(project, bakeoff, written, _tell)


def _only(project: Project) -> str:
    names = bakeoff_names(project)
    if len(names) != 1:
        raise SpecError(Problem("say which bakeoff", hint=f"under conf/bakeoffs: {', '.join(names) or 'none'}"))
    return names[0]


def _whole(text: str) -> int:
    """A whole number; an underscore may part its thousands, as in YAML."""
    return int(text)


def _tell(job: Job, line: dict[str, Any]) -> None:
    """One plain line when a job ends."""
    if line["status"] == "failed":
        print(f"x {job}: {line['error'].splitlines()[-1]}", flush=True)
        return
    told = [f"coverage {line['scores']['coverage']:.3f}"] if "scores" in line else []
    if "cost" in line:
        cost = line["cost"]
        told += [f"fit {cost['fit_seconds']:.0f} s", f"draw {cost['draw_seconds']:.1f} s"]
        told += [f"peak {cost['peak_bytes'] / 1e9:.2f} GB"]
    print(f"+ {job}{': ' if told else ''}{', '.join(told)}", flush=True)


def _print_sheets(folder: BakeoffFolder) -> None:
    from rich.console import Console
    from rich.table import Table

    from ..compare.bakeoff_sheets import sheets

    # Wide enough for every column where no terminal says how wide it is.
    console = Console(width=None if sys.stdout.isatty() else 240)
    for sheet in sheets(folder.declared()[0], list(folder.results().values())):
        table = Table(title=sheet.title, title_justify="left")
        for number, column in enumerate(sheet.columns):
            table.add_column(column, justify="right" if number else "left", overflow="fold")
        for row in sheet.rows:
            table.add_row(*row)
        console.print(table)
