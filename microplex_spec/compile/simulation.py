"""Simulation steps: one for each engine and year, all its outputs at once, in batches that fit the budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..plan import Reason
from ..spec.cost import Cost
from ..spec.errors import Problem, SpecError
from ..spec.expression import parse
from ..spec.graph import engine_inputs
from ..spec.measure import parse_measure
from .base import Draft
from .batching import largest_batch
from .costs import libraries_of, price

# An engine's memory is not given back, and the steps after it need some of their own.
SHARE_OF_BUDGET = 0.85
# A simulation is cut for several workers if a part takes less than this share of the whole.
WORTH_CUTTING = 0.8


def add_simulation(draft: Draft, engine_name: str, period: int) -> None:
    """Add the step that computes everything the spec asks of an engine in one year, if it does not stand yet."""
    if f"simulate:{engine_name}.{period}" in draft.steps:
        return
    spec, engine = draft.spec, draft.engine(engine_name)
    feeding = engine_inputs(spec.variables, engine_name)
    inputs = engine_mappings(draft, engine_name)
    outputs = sorted(_outputs(draft, engine_name, period) | ({engine.weight} if period != spec.period else set()))
    households = draft.rows(spec.settings.base, spec.entities.root)
    info = engine.variable_info(outputs)
    whole = [name for name, variable in info.items() if variable.cross_household]

    def cost(batch: int) -> Cost:
        """On top of what every earlier step leaves, were it run: a batch that fits then always fits."""
        return _priced(draft, engine_name, engine.predict_cost(households, outputs, batch))

    def alone(batch: int) -> Cost:
        return _priced(draft, engine_name, engine.predict_cost(batch, outputs, batch))

    asked = _asked_batch(draft, engine_name)
    if whole and asked and asked < households:
        raise SpecError(
            Problem(
                f"{', '.join(whole)} depend on all households and cannot be simulated {asked:,} at a time",
                hint="take microsim.params.households_per_batch out",
            )
        )
    if whole:
        batch = households
        reason = Reason("whole-population", f"no batches: {', '.join(whole)} depend on all households")
    else:
        what = f"simulate:{engine_name}.{period}"
        together = 1 if asked else _parts_at_once(households, alone, draft.workers)
        batch = (
            min(asked, households)
            if asked
            else largest_batch(households, cost, draft.budget.memory_bytes, what, SHARE_OF_BUDGET, together)
        )
        parts = -(-households // batch)
        reason = Reason(
            "asked-for" if asked else "a-part-a-worker" if parts == together > 1 else "fits-memory",
            f"{len(outputs)} outputs for {households:,} households in {parts} batch{'es' if parts > 1 else ''} "
            f"of at most {batch:,}: {cost(batch).bytes / 1e9:.1f} of {draft.budget.memory_bytes / 1e9:.1f} GB",
        )
    draft.add(
        "simulate",
        f"{engine_name}.{period}",
        {
            "engine": engine_name,
            "inputs": inputs,
            "outputs": outputs,
            "period": period,
            "dataset_period": spec.period,
            "libraries": engine.libraries(),
        },
        [draft.base, *draft.makers([*feeding, *_where_names(inputs)])],
        backend=engine_name,
        version=engine.version,
        reasons=[reason],
        cost=engine.predict_cost(households, outputs, batch),
        batch={"households": batch, "of": households},
    )
    _note_assumptions(draft, engine, engine_name, [item["variable"] for item in inputs])


def _priced(draft: Draft, engine: str, predicted: Cost) -> Cost:
    held = draft.resident if draft.workers == 1 else libraries_of(predicted, draft.costs)
    return price("simulate", engine, predicted, draft.costs, held)


def _parts_at_once(households: int, alone: Callable[[int], Cost], workers: int) -> int:
    """A part for each worker, where what every part pays anew does not eat up what is won; else one."""
    if workers == 1 or not households:
        return 1
    return workers if alone(-(-households // workers)).seconds < WORTH_CUTTING * alone(households).seconds else 1


def _asked_batch(draft: Draft, engine_name: str) -> int | None:
    """Households a batch that the run asked for (microsim.params.households_per_batch); None: as many as fit."""
    asked = draft.choices.microsim
    if asked.name not in ("auto", engine_name):
        raise SpecError(Problem(f"the spec is simulated by {engine_name!r}, not by {asked.name!r}"))
    unknown = sorted(set(asked.params) - {"households_per_batch"})
    if unknown:
        raise SpecError(Problem(f"microsim has no parameter {unknown[0]!r}", hint="it has: households_per_batch"))
    batch = asked.params.get("households_per_batch")
    if batch is not None and (not isinstance(batch, int) or isinstance(batch, bool) or batch < 1):
        raise SpecError(Problem(f"microsim.params.households_per_batch is {batch!r}", hint="a whole number from 1"))
    return batch


def engine_mappings(draft: Draft, engine: str) -> list[dict[str, Any]]:
    """What feeds an engine: its variable, ours, and how a group's amount is split among members."""
    return [
        {
            "variable": variable.engine[engine].variable,
            "column": name,
            "split": variable.engine[engine].split,
            "where": variable.engine[engine].where,
        }
        # Sorted, so that the order of the spec's files decides nothing.
        for name, variable in sorted(draft.spec.variables.items())
        if engine in variable.engine
    ]


def _outputs(draft: Draft, engine: str, period: int) -> set[str]:
    """Every variable of the engine that derived variables, targets or benchmarks of that year ask for."""
    spec = draft.spec
    found = {b.variable for b in spec.benchmarks if (b.engine, b.period) == (engine, period)}
    if period == spec.period:
        texts = [variable.derive for variable in spec.variables.values() if variable.derive]
        texts += [target.where for target in spec.targets if target.where]
        expressions = [parse(text) for text in dict.fromkeys(texts)]
        measures = {target.measure for target in spec.targets}
        expressions += [m.argument for m in map(parse_measure, measures) if m.argument]
        found |= {name for expression in expressions for owner, name in expression.engine_variables if owner == engine}
    return found


def _where_names(inputs: Iterable[dict[str, Any]]) -> set[str]:
    return {name for item in inputs if item["where"] for name in parse(item["where"]).names}


def _note_assumptions(draft: Draft, engine: Any, name: str, given: list[str]) -> None:
    """Say which choices of people the engine will take for granted, since the spec gives it none."""
    assumed = {key: variable.default for key, variable in engine.assumed(given).items()}
    for default in dict.fromkeys(assumed.values()):
        names = ", ".join(sorted(key for key, value in assumed.items() if value == default))
        note = f"left to {name}, which takes {default} for everyone: {names}"
        if note not in draft.notes:
            draft.notes.append(note)
