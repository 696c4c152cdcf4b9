"""plan: the steps that a build would run, from the compiler that the build itself uses."""

from __future__ import annotations

import json

from ..execute.planning import compile_plan
from ..plan.explain import concise, full
from ..spec.load import load_spec
from .arguments import compose_choices, parser, project_of


def run(arguments: list[str]) -> int:
    made = parser("plan", __doc__ or "")
    form = made.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the plan as plan.json holds it")
    form.add_argument("--full", action="store_true", help="every step with inputs, parameters and all reasons")
    options = made.parse_intermixed_args(arguments)
    project = project_of(options.project)
    choices = compose_choices(project, options.overrides)
    plan = compile_plan(load_spec(choices.spec, project), choices)
    if options.json:
        print(json.dumps(plan.to_json(), indent=1))
    else:
        print(full(plan) if options.full else concise(plan))
    return 0
