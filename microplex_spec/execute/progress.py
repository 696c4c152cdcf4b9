"""Progress of a run: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..plan import Plan
from ..plan.explain import size
from .events import Listener


@contextmanager
def progress(plan: Plan) -> Iterator[Listener]:
    """A listener for the events of a run of `plan`."""
    if sys.stdout.isatty():
        with _bar(plan) as listener:
            yield listener
    else:
        yield _Lines(plan)


class _Lines:
    """One plain line when a step ends, for logs."""

    def __init__(self, plan: Plan):
        self.total, self.ended = len(plan.steps), 0

    def __call__(self, event: str, facts: dict[str, Any]) -> None:
        if event == "run_started":
            print(f"run {facts['folder']}: {facts['steps']} steps", flush=True)
        elif event in ("step_finished", "step_reused", "step_skipped"):
            self.ended += 1
            print(f"[{self.ended:>3}/{self.total}] {step_line(event, facts)}", flush=True)
        elif event == "artifact_damaged":
            print(f"          {facts['step']}: {facts['text']}", flush=True)


@contextmanager
def _bar(plan: Plan) -> Iterator[Listener]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, refresh_per_second=4) as bar:
        task = bar.add_task("", total=len(plan.steps))

        def listen(event: str, facts: dict[str, Any]) -> None:
            if event == "step_started":
                bar.update(task, description=f"{facts['step']} ({facts['predicted']:.0f} s expected)")
            elif event in ("step_finished", "step_reused", "step_skipped"):
                bar.console.print(step_line(event, facts), highlight=False, markup=False)
                bar.advance(task)

        yield listen


def step_line(event: str, facts: dict[str, Any]) -> str:
    """What became of one step, in a line."""
    if event == "step_reused":
        return f"= {facts['step']}"
    if event == "step_skipped":
        return f"- {facts['step']}: {facts['error']}"
    if facts["status"] == "failed":
        return f"x {facts['step']}: {facts['error']}"
    return f"+ {facts['step']:<44} {facts['seconds']:7.1f} s  {size(facts['peak_bytes']):>8}"
