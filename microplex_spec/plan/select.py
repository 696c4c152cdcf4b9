"""Selections: `name`, `+name` with all it needs, `name+` with all that needs it; several joined by space or comma."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from ..spec.errors import Problems, SpecError
from .plan import Plan
from .step import Step


def selected(plan: Plan, expression: str) -> set[str]:
    """Ids of the steps that an expression selects.

    A name is a variable, target, source, benchmark, engine, kind of step or step id, or a pattern (`impute:div*`).
    """
    return select(expression, {step.id: step.inputs for step in plan}, names_of(plan))


def select(expression: str, needs: Mapping[str, Collection[str]], names: Mapping[str, set[str]]) -> set[str]:
    """Ids out of a graph. needs: what each id needs directly. names: the ids that each name stands for.

    Raises SpecError for an empty expression and for every name or pattern that stands for nothing.
    """
    words = [word for word in re.split(r"[\s,]+", expression) if word]
    if not words:
        raise SpecError("an empty selection; name a variable, target, source, benchmark or step")
    needed_by: dict[str, set[str]] = {node: set() for node in needs}
    for node, inputs in needs.items():
        for other in inputs:
            needed_by[other].add(node)
    problems, found = Problems(), set()
    for word in words:
        name = word.removeprefix("+").removesuffix("+")
        starts = _named(name, names)
        if not starts:
            problems.unknown("name in the selection", name, names)
        found |= starts
        if word.startswith("+"):
            found |= _reach(starts, needs)
        if word.endswith("+"):
            found |= _reach(starts, needed_by)
    problems.raise_if_any()
    return found


def names_of(plan: Plan) -> dict[str, set[str]]:
    """Every name by which steps of a plan may be called, with the ids of these steps."""
    names: dict[str, set[str]] = {}
    for step in plan:
        for name in (step.id, step.kind, step.name, *_held(step)):
            names.setdefault(name, set()).add(step.id)
    # A variable that no step makes comes with the source that holds it, the base's before a donor's.
    for step in plan.of_kind("load"):
        for column in step.params["columns"]:
            names.setdefault(column, names[step.name])
    return names


def _held(step: Step) -> Iterable[str]:
    """Names of what a step works out together with others: targets, benchmarks, an engine."""
    rows: list[dict[str, Any]] = [*step.params.get("targets", ()), *step.params.get("benchmarks", ())]
    engine = [step.params["engine"]] if step.kind == "simulate" else []
    return [*(row["id"] for row in rows), *engine]


def _named(name: str, names: Mapping[str, set[str]]) -> set[str]:
    if not re.search(r"[*?\[]", name):
        return names.get(name, set())
    return set().union(*(ids for known, ids in names.items() if fnmatchcase(known, name)))


def _reach(starts: Iterable[str], graph: Mapping[str, Collection[str]]) -> set[str]:
    """All that can be reached from some nodes along a graph."""
    found: set[str] = set()
    pending = list(starts)
    while pending:
        for other in graph[pending.pop()]:
            if other not in found:
                found.add(other)
                pending.append(other)
    return found
