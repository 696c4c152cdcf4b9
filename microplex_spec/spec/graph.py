"""Which variable needs which: the order in which variables can be made, and the cycles that forbid one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from .expression import Expression, parse
from .model import Spec
from .variables import Variable
from .yaml_reader import Path_


def uses(spec: Spec, variable: Variable) -> Iterator[tuple[Path_, Expression]]:
    """(field, expression) of everything in a variable's definition that names other variables."""
    if variable.origin == "imputed":
        for field, items in (("predictors", variable.predictors), ("order", variable.order)):
            for index, item in enumerate(items):
                for text in spec.settings.predictor_sets.get(item, (item,)):
                    yield (field, index), parse(text)
    if variable.derive is not None:
        yield ("derive",), parse(variable.derive)
    for text in variable.rate.by if variable.rate else ():
        yield ("rate", "by", text), parse(text)
    if variable.zero_when:
        yield ("zero_when",), parse(variable.zero_when)
    if variable.share_of:
        yield ("share_of",), parse(variable.share_of)


def needs(spec: Spec, variable: Variable) -> set[str]:
    """Names of the declared variables that must stand before `variable` can be made."""
    return {name for _, expression in uses(spec, variable) for name in _named(spec, expression)}


def _named(spec: Spec, expression: Expression) -> set[str]:
    """The declared variables that an expression rests on: those it names, and all that feed an engine it asks."""
    names = set(expression.names)
    for engine in {engine for engine, _ in expression.engine_variables}:
        names |= engine_inputs(spec.variables, engine)
        mappings = (variable.engine.get(engine) for variable in spec.variables.values())
        for where in {mapping.where for mapping in mappings if mapping and mapping.where}:
            names |= parse(where).names
    return names & set(spec.variables)


def engine_inputs(variables: Mapping[str, Variable], engine: str) -> set[str]:
    """The variables that feed a rules engine: all of them stand before any of its results."""
    return {name for name, variable in variables.items() if engine in variable.engine}


def order(names: Iterable[str], before: Callable[[str], set[str]]) -> list[str]:
    """The names so that each follows what it needs, otherwise in the order given. CycleError if none exists."""
    names = list(names)
    rank = {name: index for index, name in enumerate(names)}
    sorter = TopologicalSorter({name: before(name) for name in names})
    sorter.prepare()
    done: list[str] = []
    ready = sorted(sorter.get_ready(), key=rank.__getitem__)
    while ready:
        name = ready.pop(0)
        done.append(name)
        sorter.done(name)
        ready = sorted([*ready, *sorter.get_ready()], key=rank.__getitem__)
    return done


def cycle(spec: Spec) -> tuple[list[str], Path_] | None:
    """Variables that need each other in a ring, and the field by which the first needs the second; or None.

    The ring starts at the variable that is declared first, and each needs the next.
    """
    try:
        order(spec.variables, lambda name: needs(spec, spec.variables[name]))
    except CycleError as error:
        # graphlib lists each node before the one that needs it, the first one again at the end.
        ring = list(reversed(error.args[1]))[:-1]
        first = min(range(len(ring)), key=lambda at: list(spec.variables).index(ring[at]))
        ring = [*ring[first:], *ring[:first]]
        following = [*ring[1:], ring[0]][0]
        found = uses(spec, spec.variables[ring[0]])
        return ring, next(field for field, expression in found if following in _named(spec, expression))
    return None
