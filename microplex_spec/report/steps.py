"""The plan beside what became of it: one row a step, predicted and actual."""

from __future__ import annotations

import json
from dataclasses import dataclass

from markupsafe import Markup

from ..plan import Reason, Step
from ..plan.explain import size
from .data import NAN, Run
from .figures import cost_bars
from .formats import MISSING, duration

SYMBOLS = {"done": "✓", "reused": "=", "failed": "✗", "skipped": "↷", "not run": "·", "this page": "✓"}


@dataclass(frozen=True)
class StepRow:
    """A step as the page shows it."""

    id: str
    label: str
    backend: str
    status: str
    symbol: str
    error: str
    seconds_predicted: str
    seconds: str
    seconds_bars: Markup
    bytes_predicted: str
    bytes: str
    bytes_bars: Markup
    batch: str
    inputs: tuple[str, ...]
    params: tuple[tuple[str, str], ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Totals:
    """Over the steps that ran in this run."""

    ran: int
    reused: int
    failed: int
    skipped: int
    seconds_predicted: str
    seconds: str
    bytes_predicted: str
    bytes: str


def step_rows(run: Run) -> list[StepRow]:
    """Every step of the plan in order, with its manifest entry where it has one."""
    done = {entry["id"]: entry for entry in run.manifest.get("steps", [])}
    ran = {step_id: entry for step_id, entry in done.items() if entry["status"] in ("done", "failed")}
    most_seconds = max([s.predicted.seconds for s in run.plan] + [e["seconds"] for e in ran.values()], default=1.0)
    most_bytes = max([s.predicted.bytes for s in run.plan] + [e["peak_bytes"] for e in ran.values()], default=1)
    rows = []
    for step in run.plan:
        entry = done.get(step.id, {})
        status = entry.get("status") or ("this page" if step.kind == "report" else "not run")
        seconds = float(entry["seconds"]) if step.id in ran else NAN
        peak = float(entry["peak_bytes"]) if step.id in ran else NAN
        told_seconds = f"predicted {duration(step.predicted.seconds)}, actual {duration(seconds)}"
        told_bytes = f"predicted {size(step.predicted.bytes)}, actual {_size(peak)}"
        rows.append(
            StepRow(
                id=step.id,
                label=str(step.meta.get("label") or ""),
                backend=step.backend,
                status=status,
                symbol=SYMBOLS[status],
                error=entry.get("error") or "",
                seconds_predicted=duration(step.predicted.seconds),
                seconds=duration(seconds),
                seconds_bars=cost_bars(step.predicted.seconds, seconds, most_seconds, told_seconds),
                bytes_predicted=size(step.predicted.bytes),
                bytes=_size(peak),
                bytes_bars=cost_bars(step.predicted.bytes, peak, most_bytes, told_bytes),
                batch=", ".join(f"{key} {value:,}" for key, value in (step.batch or {}).items()),
                inputs=step.inputs,
                params=_params(step),
                reasons=step.reasons,
            )
        )
    return rows


def totals(run: Run) -> Totals:
    """Seconds add up over the steps that ran; memory is the highest peak of any one."""
    entries = run.manifest.get("steps", [])
    ran = [entry for entry in entries if entry["status"] == "done"]
    count = {status: sum(e["status"] == status for e in entries) for status in ("reused", "failed", "skipped")}
    return Totals(
        ran=len(ran),
        **count,
        seconds_predicted=duration(sum(entry["predicted"]["seconds"] for entry in ran)),
        seconds=duration(sum(entry["seconds"] for entry in ran)),
        bytes_predicted=size(max((entry["predicted"]["bytes"] for entry in ran), default=0)),
        bytes=size(max((entry["peak_bytes"] for entry in ran), default=0)),
    )


def _size(count: float) -> str:
    return size(count) if count == count else MISSING


def _params(step: Step) -> tuple[tuple[str, str], ...]:
    """Parameters as short texts: what is longer stands in plan.json."""
    texts = ((key, json.dumps(value, ensure_ascii=False)) for key, value in step.params.items())
    return tuple(
        (key, text if len(text) <= 160 else f"{text[:150]}… ({len(text):,} characters)") for key, text in texts
    )
