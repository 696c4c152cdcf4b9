"""Planning a build: what the compiler needs is gathered here (profiles, budget, engines, what the store holds)."""

from __future__ import annotations

from functools import cache
from typing import Any

from ..compile import compile_spec
from ..compile.resources import budget_of
from ..plan import Plan
from ..plan.select import selected
from ..spec.choices import Choices, Scale
from ..spec.model import Spec
from ..spec.registry import ENGINES, EXECUTORS
from .costs import load_costs
from .profile import profile_sources
from .run_folder import earlier_plans
from .store import Store


def compile_plan(spec: Spec, choices: Choices | None = None) -> Plan:
    """The plan of a build of `spec`; SpecError with every fault that data and engines show.

    choices: the run's backends, scale, seed and resources; by default the compiler chooses, over all households.
    """
    choices = choices or Choices(spec=spec.name, scale=Scale(name="full"))
    EXECUTORS.load(choices.executor.name)
    project = spec.project

    @cache
    def engine(name: str) -> Any:
        return ENGINES.load(name)(project.cache)

    plan = compile_spec(
        spec,
        choices,
        profile_sources(spec),
        budget_of(choices.resources),
        engine,
        stored=Store.of(project, choices.store),
        earlier=earlier_plans(project.runs, spec.name),
        costs=load_costs(project, spec.name, choices.executor.name),
    )
    return plan if choices.select is None else plan.restricted_to(selected(plan, choices.select))
