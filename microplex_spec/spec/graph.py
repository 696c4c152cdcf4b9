"""Which variable needs which: the order in which variables can be made, and the cycles that forbid one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from .expression import parse
from .model import Spec
from .variables import Variable


def needs(spec: Spec, variable: Variable) -> set[str]:
    """Names of the declared variables that must stand before `variable` can be made."""
    texts: Iterable[str] = ()
    if variable.origin == "imputed":
        texts = spec.predictors(variable)
    elif variable.derive is not None:
        texts = (variable.derive,)
    elif variable.rate is not None:
        texts = variable.rate.by
    expressions = [parse(text) for text in texts]
    if variable.zero_when:
        expressions.append(parse(variable.zero_when))
    names = {name for expression in expressions for name in expression.names}
    if variable.share_of:
        names.add(variable.share_of)
    for engine in {engine for expression in expressions for engine, _ in expression.engine_variables}:
        names |= engine_inputs(spec.variables, engine)
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


def cycle(spec: Spec) -> list[str] | None:
    """Variables that need each other in a ring, or None."""
    try:
        order(spec.variables, lambda name: needs(spec, spec.variables[name]))
    except CycleError as error:
        return list(dict.fromkeys(reversed(error.args[1])))
    return None
