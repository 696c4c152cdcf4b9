"""Steps from population to results: targets, calibration, evaluation, export, checks, report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plan import Reason
from ..spec.cost import Cost, Work, sum_work
from ..spec.expression import parse
from ..spec.measure import parse_measure
from ..spec.registry import CALIBRATORS
from ..spec.targets import Target
from .base import Draft
from .checks import add_check_step
from .choose import CalibratorNeeds, Choice, choose_calibrator
from .costs import with_work
from .judged_targets import JudgedTargets, judge_targets
from .simulation import WORTH_CUTTING, add_simulation, engine_mappings
from .solves import repeated_solves, target_places
from .told import told

# Share of households that a target touches: assumed until the matrix has been built once.
DENSITY = 0.06
# A tolerance at or below this asks for the target itself.
EXACT = 1e-6
LEFT_OUT = "its error is relative to the target, and these are sums that have to be zero"


def add_outcome_steps(draft: Draft) -> None:
    """The steps after the last variable, in the order in which they run."""
    spec = draft.spec
    for engine, period in dict.fromkeys((b.engine, b.period) for b in spec.benchmarks):
        add_simulation(draft, engine, period)
    targets = _targets(draft)
    weights = _calibrate(draft, targets)
    made = draft.makers(spec.variables)
    simulations = [step.id for step in draft.steps.values() if step.kind == "simulate"]
    donors = [f"uprate:{variable.donor}" for variable in spec.imputed()]
    evaluate = _evaluate(draft, [draft.base, *donors, *made, *simulations, weights])
    export = _export(draft, [draft.base, *made, weights])
    checked = add_check_step(draft, targets, evaluate, export)
    draft.add(
        "report",
        spec.name,
        {},
        [evaluate, export, *checked],
        backend="html",
        reasons=[Reason("read", "one page to open without network")],
        cost=Cost(work={"report.fixed": 1, "report.targets": len(spec.targets)}),
        meta=told(spec, spec.settings.label),
    )


def _targets(draft: Draft) -> str:
    spec, rows, expressions = draft.spec, [], []
    used: set[str] = set()
    judged = judge_targets(draft)
    for target in spec.targets:
        measure = parse_measure(target.measure)
        where = parse(target.where) if target.where else None
        for expression in (measure.argument, where):
            if expression is not None:
                used |= expression.names
                expressions.append(expression)
        rows.append(_row(target, str(measure), str(where) if where else "", judged))
    households = draft.rows(spec.settings.base, spec.entities.root)

    def work(part: int) -> dict[str, float]:
        """Compiling the targets of some households; the population is read whole for any."""
        return {
            "column.fixed": 1,
            "column.read": draft.bytes(spec.settings.base),
            "import.targets": 1,
            "targets.rows": len(rows),
            "targets.cells": len(rows) * part,
            "targets.nonzeros": DENSITY * len(rows) * part,
        }

    return draft.add(
        "targets",
        spec.name,
        {
            # Sorted, so that the order of the spec's files decides nothing.
            "targets": sorted(rows, key=lambda row: row["id"]),
            "min_support": spec.settings.calibration.min_support,
            "tolerance": spec.settings.calibration.tolerance,
        },
        [draft.base, *draft.makers(used), *draft.simulations(expressions)],
        reasons=judged.reasons,
        cost=Cost(work=work(households)),
        batch=_batch_of_targets(draft, households, work),
        meta={
            "labels": {target.id: target.label for target in spec.targets},
            "set_aside": judged.told,
            "places": target_places(draft, spec.targets),
        },
    )


def _batch_of_targets(draft: Draft, households: int, work: Callable[[int], Work]) -> dict[str, int] | None:
    """A block of households for each worker, where what every block reads anew does not eat up what is won."""
    part = -(-households // draft.workers)
    alone, whole = (draft.costs.price(work(size)).seconds for size in (part, households))
    if draft.workers == 1 or not households or alone >= WORTH_CUTTING * whole:
        return None
    return {"households": part, "of": households}


def _row(target: Target, measure: str, where: str, judged: JudgedTargets) -> dict[str, Any]:
    """What of a target decides the result; its source, label and notes do not."""
    row: dict[str, Any] = {
        "id": target.id,
        "measure": measure,
        "of": target.of,
        "where": where,
        "value": target.value,
        "role": target.role,
        "family": judged.families[target.id],
    }
    aside = judged.set_aside.get(target.id)
    optional = {
        "tolerance": target.tolerance,
        "se": target.se,
        "exclude": str(target.exclude) if target.exclude else None,
        "set_aside": [aside.status, aside.text] if aside else None,
    }
    return row | {key: value for key, value in optional.items() if value}


def _calibrate(draft: Draft, targets: str) -> str:
    spec, choices = draft.spec, draft.choices
    aside = {row["id"] for row in draft.steps[targets].params["targets"] if "set_aside" in row}
    fit = [t for t in spec.targets if t.role == "fit" and not t.exclude and t.id not in aside]
    households = draft.rows(spec.settings.base, spec.entities.root)
    needs = CalibratorNeeds(
        targets=len(fit),
        records=households,
        nonzeros=int(DENSITY * households * len(fit)),
        signed=sum(target.value < 0 for target in fit),
        zeros=sum(target.value == 0 for target in fit),
        linear=tuple(
            (t.id, spec.places.of("target", t.id, "measure")) for t in fit if not _is_margin(t, spec.entities.root)
        ),
        exact=all((target.tolerance or spec.settings.calibration.tolerance) <= EXACT for target in fit),
    )
    choice = choose_calibrator(
        choices.calibrator.name,
        dict(choices.calibrator.params),
        needs,
        rules=spec.rules,
        costs=draft.costs,
        memory=draft.budget.memory_bytes,
    )
    scale = spec.base.scale_weights
    wanted = next((target.value for target in spec.targets if scale and target.id == scale.to), None)
    left_out = _left_out(choice, fit)
    repeated, reasons, work = repeated_solves(draft, choice, fit, needs.nonzeros)
    return draft.add(
        "calibrate",
        spec.name,
        {
            "params": choice.params,
            "libraries": CALIBRATORS.load(choice.name).libraries(),
            "scale_weights": {"entity": scale.entity, "total": wanted} if scale else None,
            "seed": choices.seed,
            **repeated,
        },
        [draft.base, targets],
        backend=choice.name,
        version=choice.version,
        reasons=[choice.reason, *left_out, *reasons],
        cost=with_work("calibrate", choice.name, choice.cost, sum_work(_judging(draft, len(spec.targets)), work)),
        meta={"places": target_places(draft, fit)},
    )


def _left_out(choice: Choice, fit: list[Target]) -> list[Reason]:
    """That a calibrator fits no target of zero, and how many that concerns."""
    if not CALIBRATORS.load(choice.name).capabilities.leaves_out_zeros:
        return []
    ratios = sum(parse_measure(target.measure).kind in ("mean", "share") for target in fit)
    zeros = sum(target.value == 0 for target in fit if parse_measure(target.measure).kind in ("sum", "count"))
    if not ratios + zeros:
        return []
    text = f"{choice.name} leaves out {zeros:,} targets of zero and {ratios:,} means and shares: {LEFT_OUT}"
    return [Reason("left-out", text)]


def _is_margin(target: Target, root: str) -> bool:
    """Whether a target counts records: units of the root, each once."""
    return target.of == root and parse_measure(target.measure).kind == "count"


def _judging(draft: Draft, targets: int) -> dict[str, float]:
    """Reading base and matrix, and judging the weights before and after by every target."""
    households = draft.rows(draft.spec.settings.base, draft.spec.entities.root)
    read = draft.bytes(draft.spec.settings.base)
    return {"column.fixed": 1, "column.read": read, "calibrate.nonzeros": DENSITY * households * targets}


def _evaluate(draft: Draft, inputs: list[str]) -> str:
    spec = draft.spec
    donors = [variable.donor for variable in spec.imputed() if variable.donor]
    fitted = {t.source.concept for t in spec.targets if t.role == "fit" and t.source.concept and not t.exclude}
    benchmarks = [
        {
            "id": benchmark.id,
            "engine": benchmark.engine,
            "variable": benchmark.variable,
            "entity": benchmark.entity,
            "where": benchmark.where,
            "period": benchmark.period,
            "value": benchmark.value,
            "unit": benchmark.unit,
            "in_sample": benchmark.concept in fitted,
        }
        for benchmark in sorted(spec.benchmarks, key=lambda benchmark: benchmark.id)
    ]
    # In an order of their own, for that of the files decides no figure; meta keeps it for the tables.
    imputed = sorted(variable.name for variable in spec.imputed())
    return draft.add(
        "evaluate",
        spec.name,
        {"benchmarks": benchmarks, "imputed": imputed},
        inputs,
        reasons=[Reason("measure", "fit, held-out fit, draws against truth, weights, benchmarks")],
        cost=Cost(
            work={
                "evaluate.fixed": 1,
                "evaluate.read": sum(draft.bytes(name) for name in {spec.settings.base, *donors}),
                "evaluate.targets": len(spec.targets),
            }
        ),
        meta={
            "benchmarks": {
                b.id: {**b.source.model_dump(), "notes": b.notes, "concept": b.concept} for b in spec.benchmarks
            },
            "variables": {v.name: {"label": v.label, "unit": v.unit} for v in spec.imputed()},
            "targets": {t.id: {**t.source.model_dump(), "notes": t.notes, "unit": t.unit} for t in spec.targets},
        },
    )


def _export(draft: Draft, inputs: list[str]) -> str:
    spec = draft.spec
    engines = sorted({engine for variable in spec.variables.values() for engine in variable.engine})
    writers = [engine for engine in engines if draft.engine(engine).capabilities.writes_dataset]
    return draft.add(
        "export",
        spec.name,
        {"engines": {engine: engine_mappings(draft, engine) for engine in writers}, "period": spec.period},
        inputs,
        backend="parquet",
        reasons=[Reason("hand-over", "parquet for everyone, the engine's own file for its users")],
        cost=Cost(work={"export.fixed": 1, "export.bytes": draft.bytes(spec.settings.base)}),
    )
