"""A plan told to a person: one line a step, its symbol, cost and reason, from the very steps that are run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable

from .plan import Plan
from .step import Step

SYMBOLS = {"run": "+", "rerun": "~", "reuse": "="}
MEANINGS = {"+": "will run", "~": "will run again", "=": "reused", "-": "gone"}
# Letters of a reason in the concise form; --full has all of it.
REASON_WIDTH = 110


def concise(plan: Plan, shown: Collection[str] | None = None) -> str:
    """Each step that runs, with symbol, backend, predicted cost and why; what is reused is counted by kind.

    shown: ids to tell of; None for all. The totals are those of the whole plan.
    """
    steps = _of(plan, shown)
    running = [step for step in steps if step.status != "reuse"]
    reused = [step for step in steps if step.status == "reuse"]
    width = min(44, max((len(step.id) for step in running), default=0))
    lines = [_headline(plan), "", *(_line(step, width) for step in running)]
    # Those that were asked for by name are told by name.
    if shown is None and reused:
        lines.append(f"  = {len(reused)} reused: {', '.join(_counted(step.kind for step in reused))}")
    else:
        lines += [f"  = {step.id}" for step in reused]
    lines += [f"  - {step_id}" for step_id in plan.gone]
    symbols = [SYMBOLS[step.status] for step in steps] + ["-"] * bool(plan.gone)
    legend = ", ".join(f"{symbol} {meaning}" for symbol, meaning in MEANINGS.items() if symbol in symbols)
    return "\n".join([*lines, "", legend, totals(plan), *(f"note: {note}" for note in plan.notes)])


def full(plan: Plan, shown: Collection[str] | None = None) -> str:
    """Every step with its inputs, outputs, parameters, batch, checkpoint, cost and all reasons."""
    blocks = [_headline(plan)]
    for step in _of(plan, shown):
        block = [
            f"{SYMBOLS[step.status]} {step.id}   [{step.backend}]   key {step.key[:12]}",
            f"    in: {', '.join(step.inputs) or '-'}",
            f"    out: {', '.join(step.outputs)}   {'checkpoint' if step.checkpoint else 'no checkpoint'}",
            f"    predicted: {step.predicted.seconds:.1f} s, {size(step.predicted.bytes)}"
            + (f"   batch: {batches(step.batch)}" if step.batch else ""),
            *(f"    {reason.rule}: {reason.text}" for reason in step.reasons),
            *(f"    {key} = {_short(value)}" for key, value in step.params.items()),
        ]
        blocks.append("\n".join(block))
    gone = [f"- {step_id}" for step_id in plan.gone]
    return "\n\n".join([*blocks, "\n".join([*gone, totals(plan), *(f"note: {note}" for note in plan.notes)])])


def why(step: Step) -> str:
    """What decides about a step, in a sentence: why it runs again, else why its backend was taken."""
    return next((reason.text for reason in step.reasons if reason.rule != "checkpoint"), "")


def totals(plan: Plan) -> str:
    """How much will run, and what that is predicted to take."""
    runs = sum(step.status != "reuse" for step in plan)
    return (
        f"{runs} steps to run, {len(plan.steps) - runs} reused; "
        f"predicted {duration(plan.seconds())}, peak {size(plan.peak_bytes())}"
    )


def budget(plan: Plan) -> str:
    return f"{size(plan.budget.memory_bytes)} of memory, {plan.budget.cores} cores"


def size(count: float) -> str:
    """Bytes as a person reads them."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def duration(seconds: float) -> str:
    """Seconds as a person reads them."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60:02} s" if whole < 7200 else f"{whole // 3600} h {whole % 3600 // 60:02} min"


def batches(batch: dict[str, int]) -> str:
    """How a step is cut: in one batch, or in how many of which size."""
    count = -(-batch["of"] // batch["households"])
    return "one batch" if count == 1 else f"{count} batches of {batch['households']:,} households"


def _of(plan: Plan, shown: Collection[str] | None) -> list[Step]:
    return [step for step in plan if shown is None or step.id in shown]


def _headline(plan: Plan) -> str:
    return f"plan {plan.key[:8]} of {plan.spec}, seed {plan.seed}: {budget(plan)}"


def _line(step: Step, width: int) -> str:
    reason = why(step)
    reason = reason if len(reason) <= REASON_WIDTH else f"{reason[: REASON_WIDTH - 1]}…"
    batch = f"  [{batches(step.batch)}]" if step.batch else ""
    cost = f"{step.predicted.seconds:7.1f} s {size(step.predicted.bytes):>8}"
    return f"  {SYMBOLS[step.status]} {step.id:<{width}} {step.backend:<16} {cost}  {reason}{batch}".rstrip()


def _counted(kinds: Iterable[str]) -> list[str]:
    return [f"{count} {kind}" if count > 1 else kind for kind, count in Counter(kinds).items()]


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 160 else f"{text[:150]}... ({len(text):,} characters)"
