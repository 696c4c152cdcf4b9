"""From spec to plan: every step that a build will run, chosen, sized, priced and explained."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any

from ..plan import Budget, Plan
from ..plan.explain import size
from ..spec.check import check_spec
from ..spec.choices import Choices
from ..spec.errors import Problems
from ..spec.expression_check import ColumnInfo
from ..spec.model import Spec
from ..spec.registry import ENGINES
from .base import Draft
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
    previous: Mapping[str, str] | None = None,
) -> Plan:
    """The plan of a build; SpecError with every fault that the profiles and the engines' indexes show.

    profiles: of each source by name. engine: gives the rules engine of a name. stored: keys of artifacts that
    stand in the store. previous: step ids and keys of the last build of this spec, to tell a re-run from a first run.
    """
    _check_engines(spec, engine)
    draft = Draft(spec, choices, profiles, budget, engine, stored, previous or {})
    add_source_steps(draft)
    add_variable_steps(draft)
    draft.problems.raise_if_any()
    add_outcome_steps(draft)
    _check_memory(draft)
    draft.problems.raise_if_any()
    steps, notes = tuple(draft.steps.values()), tuple(draft.notes)
    return Plan(spec.name, choices.seed, budget, steps, notes, lambda: lock_text(spec, choices))


def _check_memory(draft: Draft) -> None:
    """Refuse a plan with a step that cannot fit, before anything is run."""
    budget = draft.budget.memory_bytes
    for step in draft.steps.values():
        if step.predicted.bytes > budget:
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
    problems = Problems()
    check_spec(spec, problems, known or None)
    problems.raise_if_any()
