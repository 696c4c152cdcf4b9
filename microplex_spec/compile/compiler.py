"""From spec to plan: every step that a build will run, chosen, sized, priced and explained."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

from ..plan import Budget, Plan, Step
from ..plan.explain import size
from ..spec.check import check_spec
from ..spec.choices import Choices
from ..spec.cost import CostModel, shipped_costs
from ..spec.errors import Problems
from ..spec.expression_check import ColumnInfo
from ..spec.model import Spec
from ..spec.registry import ENGINES, EXECUTORS
from .base import Draft
from .changes import compare
from .costs import priced
from .lock import lock_text
from .outcomes import add_outcome_steps
from .profile import SourceProfile
from .sources import add_source_steps
from .variables import add_variable_steps


def compile_spec(
    spec: Spec,
    choices: Choices,
    profiles: Mapping[str, SourceProfile],
    budget: Budget,
    engine: Callable[[str], Any],
    stored: Container[str] = (),
    earlier: Iterable[Plan] = (),
    costs: CostModel | None = None,
) -> Plan:
    """The plan of a build; SpecError with every fault that the profiles and the engines' indexes show.

    profiles: of each source by name. engine: gives the rules engine of a name. stored: keys of artifacts that
    stand in the store. earlier: plans of earlier builds of this spec, newest first, to tell what changed since.
    costs: what work takes on this machine; by default what comes with the package.
    """
    _check_engines(spec, engine)
    workers = budget.cores if EXECUTORS.load(choices.executor.name).parallel else 1
    draft = Draft(spec, choices, profiles, budget, engine, costs or shipped_costs(), workers)
    add_source_steps(draft)
    add_variable_steps(draft)
    draft.problems.raise_if_any()
    add_outcome_steps(draft)
    steps, gone = compare(draft.steps.values(), stored, earlier)
    steps = priced(steps, draft.costs, draft.workers)
    _check_memory(steps, draft)
    draft.problems.raise_if_any()
    return Plan(spec.name, choices.seed, budget, steps, tuple(draft.notes), gone, lambda: lock_text(spec, choices))


def _check_memory(steps: Iterable[Step], draft: Draft) -> None:
    """Refuse a plan with a step that cannot fit, before anything is run."""
    budget = draft.budget.memory_bytes
    for step in steps:
        if step.status != "reuse" and step.predicted.bytes > budget:
            draft.problems.add(
                f"{step.id} needs {size(step.predicted.bytes)}, the budget is {size(budget)}",
                hint="give more with resources.memory_gb=..., or take fewer households with scale=...",
            )


def _check_engines(spec: Spec, engine: Callable[[str], Any]) -> None:
    """Check the spec again, now with what the engines that it uses know."""
    used = {name for variable in spec.variables.values() for name in variable.engine}
    used |= {benchmark.engine for benchmark in spec.benchmarks}
    types = {"bool": "bool", "int": "number", "float": "number"}
    known = {
        (name, variable.name): ColumnInfo(variable.entity, types.get(variable.dtype, "code"))  # type: ignore[arg-type]
        for name in sorted(used & set(ENGINES.names()))
        for variable in engine(name).known_variables().values()
    }
    # Without engines there is nothing to see that loading the spec did not check.
    if known:
        problems = Problems()
        check_spec(spec, problems, known)
        problems.raise_if_any()
