"""diff: how two specs or runs differ, which steps that re-runs, and what it moved. Exit code 0 same, 4 differs."""

from __future__ import annotations

import json
from pathlib import Path

from .arguments import Parser, compose_choices, project_of, write_file

DIFFERS = 4


def run(arguments: list[str]) -> int:
    made = Parser(prog="microplex-spec diff", description=__doc__)
    made.add_argument("old", metavar="A", help="a run folder, a spec (name or folder), or GIT_REV:path of a spec")
    made.add_argument("new", metavar="B", help="likewise")
    made.add_argument("overrides", nargs="*", metavar="key=value", help="choices that specs are planned with")
    made.add_argument("--project", metavar="DIR", help="the project's folder (default: found upward from here)")
    made.add_argument("--json", action="store_true", help="everything, for programs")
    made.add_argument("--html", metavar="FILE", help="write one page with all tables, too")
    made.add_argument("--all", action="store_true", help="every row, not only the first of each table")
    options = made.parse_intermixed_args(arguments)
    project = project_of(options.project)
    choices = compose_choices(project, options.overrides) if options.overrides else None
    from ..execute.comparing import difference
    from .sides import resolve_sides

    with resolve_sides(options.old, options.new, project, choices) as (old, new):
        found = difference(old, new)
        content = found.to_json()
    if options.html:
        from ..report.comparison import render

        write_file(Path(options.html), render(content))
    if options.json:
        print(json.dumps(content, indent=1))
    else:
        from ..compare.text import lines

        print("\n".join(lines(content, everything=options.all)))
    return 0 if content["same"] else DIFFERS
