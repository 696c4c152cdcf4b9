"""A plan told to a person: one line a step, its symbol, cost and reason, from the very steps that are run."""

from __future__ import annotations

import json

from .plan import Plan
from .step import Step

SYMBOLS = {"run": "+", "rerun": "~", "reuse": "="}


def concise(plan: Plan) -> str:
    """Steps with symbol, backend, predicted cost and first reason; steps of one kind that are reused share a line."""
    lines = [f"plan {plan.key[:8]} of {plan.spec}, seed {plan.seed}: {_budget(plan)}", ""]
    width = min(44, max(len(step.id) for step in plan))
    reused = [step for step in plan if step.status == "reuse"]
    for step in plan:
        if step.status != "reuse":
            lines.append(_line(step, width))
    if reused:
        lines.append(f"  = {len(reused)} steps reused: {', '.join(_counted(reused))}")
    lines += ["", _totals(plan), *(f"note: {note}" for note in plan.notes)]
    return "\n".join(lines)


def full(plan: Plan) -> str:
    """Every step with its inputs, outputs, parameters, batch, checkpoint, cost and all reasons."""
    blocks = [f"plan {plan.key} of {plan.spec}, seed {plan.seed}: {_budget(plan)}"]
    for step in plan:
        block = [
            f"{SYMBOLS[step.status]} {step.id}   [{step.backend}]   key {step.key[:12]}",
            f"    in: {', '.join(step.inputs) or '-'}",
            f"    out: {', '.join(step.outputs)}   {'checkpoint' if step.checkpoint else 'no checkpoint'}",
            f"    predicted: {step.predicted.seconds:.1f} s, {size(step.predicted.bytes)}"
            + (f"   batch: {_pairs(step.batch)}" if step.batch else ""),
            *(f"    {reason.rule}: {reason.text}" for reason in step.reasons),
            *(f"    {key} = {_short(value)}" for key, value in step.params.items()),
        ]
        blocks.append("\n".join(block))
    return "\n\n".join([*blocks, "\n".join([_totals(plan), *(f"note: {note}" for note in plan.notes)])])


def size(count: float) -> str:
    """Bytes as a person reads them."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def _line(step: Step, width: int) -> str:
    reason = step.reasons[0].text if step.reasons else ""
    batch = f"  [{_pairs(step.batch)}]" if step.batch else ""
    cost = f"{step.predicted.seconds:7.1f} s {size(step.predicted.bytes):>8}"
    return f"  {SYMBOLS[step.status]} {step.id:<{width}} {step.backend:<16} {cost}  {reason}{batch}".rstrip()


def _totals(plan: Plan) -> str:
    runs = sum(step.status != "reuse" for step in plan)
    return (
        f"{runs} steps to run, {len(plan.steps) - runs} reused; "
        f"predicted {plan.seconds():.0f} s, peak {size(plan.peak_bytes())}"
    )


def _counted(steps: list[Step]) -> list[str]:
    kinds: dict[str, int] = {}
    for step in steps:
        kinds[step.kind] = kinds.get(step.kind, 0) + 1
    return [f"{count} {kind}" if count > 1 else kind for kind, count in kinds.items()]


def _budget(plan: Plan) -> str:
    return f"{size(plan.budget.memory_bytes)} of memory, {plan.budget.cores} cores"


def _pairs(values: dict[str, int]) -> str:
    return ", ".join(f"{key} {value:,}" for key, value in values.items())


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 160 else f"{text[:150]}... ({len(text):,} characters)"
