"""plan: the steps that a build would run, from the compiler that the build itself uses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .arguments import compose_choices, parser, project_of, write_file


def run(arguments: list[str]) -> int:
    made = parser("plan", __doc__ or "")
    form = made.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the plan as plan.json holds it")
    form.add_argument("--full", action="store_true", help="every step with inputs, parameters and all reasons")
    made.add_argument("--html", metavar="FILE", help="write one page with the graph and all steps, too")
    made.add_argument("--select", metavar="EXPR", help="name, +name with all it needs, name+ with all that needs it")
    made.add_argument("--measure", action="store_true", help="first measure what steps take on this machine")
    options = made.parse_intermixed_args(arguments)

    # Imported once the call is known to be right, so that help and completion answer at once.
    from ..execute.costs import last_run_line
    from ..execute.planning import compile_plan
    from ..plan.explain import concise, full
    from ..plan.select import selected
    from ..spec.load import load_spec

    project = project_of(options.project)
    choices = compose_choices(project, options.overrides)
    spec = load_spec(choices.spec, project)
    if options.measure:
        from ..execute.measure import measure

        # To stderr, since --json is read by programs.
        print("measuring: two small builds of this spec, which take a minute or two", file=sys.stderr)
        print(f"measured: {project.shown(measure(spec, choices))}", file=sys.stderr)
    plan = compile_plan(spec, choices)
    shown = None if options.select is None else selected(plan, options.select)
    if shown is not None:
        plan = plan.restricted_to(shown)
    if options.html:
        from ..plan.page import render

        write_file(Path(options.html), render(plan))
    if options.json:
        print(json.dumps(plan.to_json(), indent=1))
    else:
        print(full(plan, shown) if options.full else concise(plan, shown))
        if line := last_run_line(project, spec.name, choices.executor.name):
            print(line)
    return 0
