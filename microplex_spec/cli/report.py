"""report: write report.html of a run again, from the files of its folder."""

from __future__ import annotations

from pathlib import Path

from ..report import write_report
from ..spec.errors import RUNS_LIE, Problem, SpecError
from .arguments import Parser


def run(arguments: list[str]) -> int:
    made = Parser(prog="microplex-spec report", description=__doc__)
    made.add_argument("run", metavar="RUN", help="a run folder")
    folder = Path(made.parse_args(arguments).run)
    if not (folder / "manifest.json").is_file():
        raise SpecError(Problem(f"{folder} is no run folder: it has no manifest.json", hint=RUNS_LIE))
    write_report(folder, folder / "report.html")
    print(folder / "report.html")
    return 0
