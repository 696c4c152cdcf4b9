"""Lineage of a spec as a graph: sources, variables, rules engines, series of targets, the calibration, benchmarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath

from ..spec.expression import Expression, parse
from ..spec.graph import engine_inputs, uses
from ..spec.measure import parse_measure
from ..spec.model import Spec
from ..spec.targets import Target
from ..spec.variables import Variable
from .graph import Node

# Kinds are called as the steps that make them, so that one selection serves the graph and the plan.
KINDS = {"imputed": "impute", "derived": "derive", "rate": "rate", "observed": "observed"}
CALIBRATION = "calibrate"
# Parts of a target's id that name its series: us.irs.eitc of us.irs.eitc.returns.
SERIES_PARTS = 3


def lineage(spec: Spec) -> list[Node]:
    """What a file of this spec comes from and is measured by; targets by series, since they may be thousands."""
    return [
        *(Node(f"source:{s.name}", s.name, "source", "", (), label=s.label) for s in spec.sources.values()),
        *(_variable(spec, variable) for variable in spec.variables.values()),
        *_engines(spec),
        *_targets(spec),
        *_benchmarks(spec),
    ]


def names_of(spec: Spec, nodes: Iterable[Node]) -> dict[str, set[str]]:
    """Every name by which nodes of a lineage may be called, with their ids; each target by its own id."""
    names: dict[str, set[str]] = {}
    for node in nodes:
        for name in (node.id, node.name, node.kind, node.group):
            if name:
                names.setdefault(name, set()).add(node.id)
    for target in spec.targets:
        names.setdefault(target.id, set()).add(_series_id(spec, target))
    for engine, period in _engine_years(spec):
        names.setdefault(engine, set()).add(_engine_id(engine, period))
    return names


def _variable(spec: Spec, variable: Variable) -> Node:
    needs = _needs(spec, (expression for _, expression in uses(spec, variable)))
    if variable.origin in ("imputed", "observed"):
        needs = [f"source:{variable.donor or spec.settings.base}", *needs]
    kind = KINDS[variable.origin]
    group = _file(spec, "variable", variable.name)
    return Node(f"{kind}:{variable.name}", variable.name, kind, group, tuple(needs), label=variable.label)


def _engines(spec: Spec) -> Iterator[Node]:
    for engine, period in _engine_years(spec):
        mappings = [v.engine[engine] for v in spec.variables.values() if engine in v.engine]
        names = engine_inputs(spec.variables, engine).union(*(parse(m.where).names for m in mappings if m.where))
        yield Node(_engine_id(engine, period), f"{engine}.{period}", "simulate", "", tuple(_made(spec, names)))


def _engine_years(spec: Spec) -> list[tuple[str, int]]:
    """Each rules engine with each year for which something of it is asked."""
    expressions = [e for v in spec.variables.values() for _, e in uses(spec, v)]
    expressions += [e for target in spec.targets for e in _expressions(target)]
    now = sorted({engine for e in expressions for engine, _ in e.engine_variables})
    found = [*((engine, spec.period) for engine in now), *((b.engine, b.period) for b in spec.benchmarks)]
    return list(dict.fromkeys(found))


def _targets(spec: Spec) -> Iterator[Node]:
    series: dict[str, list[Target]] = {}
    for target in spec.targets:
        series.setdefault(_series_id(spec, target), []).append(target)
    fitted = []
    for series_id, targets in series.items():
        needs = _needs(spec, (e for target in targets for e in _expressions(target)))
        name = series_id.partition("/")[2]
        roles = " and ".join(dict.fromkeys("excluded" if target.exclude else target.role for target in targets))
        count = f"{name} ({len(targets)})" if len(targets) > 1 else name
        base = f"source:{spec.settings.base}"
        group = _file(spec, "target", targets[0].id)
        yield Node(series_id, count, "targets", group, tuple(needs) or (base,), label=roles)
        if any(target.role == "fit" and not target.exclude for target in targets):
            fitted.append(series_id)
    yield Node(CALIBRATION, "weights", CALIBRATION, "", (f"source:{spec.settings.base}", *fitted))


def _benchmarks(spec: Spec) -> Iterator[Node]:
    for b in spec.benchmarks:
        needs = [_engine_id(b.engine, b.period), CALIBRATION, *_needs(spec, [parse(b.where)] if b.where else [])]
        group = f"{b.engine} {b.period}"
        yield Node(f"benchmark:{b.id}", b.id, "benchmark", group, tuple(needs), label=b.label or b.source.title)


def _expressions(target: Target) -> Iterator[Expression]:
    measure = parse_measure(target.measure)
    if measure.argument is not None:
        yield measure.argument
    if target.where:
        yield parse(target.where)


def _needs(spec: Spec, expressions: Iterable[Expression]) -> list[str]:
    """Ids of the variables and engines that some expressions name."""
    found: dict[str, None] = {}
    for expression in expressions:
        found |= dict.fromkeys(_made(spec, expression.names))
        engines = sorted({engine for engine, _ in expression.engine_variables})
        found |= dict.fromkeys(_engine_id(engine, spec.period) for engine in engines)
    return list(found)


def _made(spec: Spec, names: Iterable[str]) -> list[str]:
    known = (spec.variables[name] for name in sorted(names) if name in spec.variables)
    return [f"{KINDS[variable.origin]}:{variable.name}" for variable in known]


def _engine_id(engine: str, period: int) -> str:
    return f"simulate:{engine}.{period}"


def _series_id(spec: Spec, target: Target) -> str:
    """A series of one file; the same series of another file may need other variables."""
    return f"{_file(spec, 'target', target.id)}/{'.'.join(target.id.split('.')[:SERIES_PARTS])}"


def _file(spec: Spec, kind: str, name: str) -> str:
    """The name, without its ending, of the file that declares something."""
    written = spec.places.written(kind, name)
    return PurePath(written[0].file).stem if written else ""
