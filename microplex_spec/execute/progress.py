"""Progress of a run: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..plan import Plan
from ..plan.explain import duration, size
from .events import Listener
from .tally import Tally

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

ENDINGS = ("step_finished", "step_reused", "step_skipped")
STYLES = {"+": "green", "=": "dim", "-": "yellow", "x": "bold red"}
# Running steps that are shown; more than these are counted.
MOST_SHOWN = 8


@contextmanager
def progress(plan: Plan) -> Iterator[Listener]:
    """A listener for the events of a run of `plan`."""
    if sys.stdout.isatty():
        from rich.console import Console

        with live(plan, Console()) as listener:
            yield listener
    else:
        yield lines(plan)


def lines(plan: Plan) -> Listener:
    """Tells each step in one plain line when it ends, for logs."""
    tally = Tally(plan)

    def listen(event: str, facts: dict[str, Any]) -> None:
        tally(event, facts)
        if event in ENDINGS:
            print(f"[{tally.ended:>3}/{tally.steps}] {step_line(event, facts)}", flush=True)
        elif told := note(event, facts, tally):
            print(told, flush=True)
        elif event == "part_finished":
            print(f"          {facts['step']}: part {facts['part']} of {facts['parts']}", flush=True)

    return listen


@contextmanager
def live(plan: Plan, console: Console) -> Iterator[Listener]:
    """Keeps what runs now, the time left and the memory at the foot of a terminal, and tells ended steps above."""
    from rich.live import Live
    from rich.text import Text

    tally = Tally(plan)
    board = _Board(plan, tally, memory_used)
    with Live(get_renderable=board.render, console=console, refresh_per_second=4, transient=True):

        def listen(event: str, facts: dict[str, Any]) -> None:
            tally(event, facts)
            if event in ENDINGS:
                line = step_line(event, facts)
                console.print(Text(line, style=STYLES[line[0]]))
            elif told := note(event, facts, tally):
                console.print(Text(told, style="bold yellow" if event == "run_interrupted" else ""))

        yield listen


class _Board:
    """The live part of the display, drawn anew from the tally a few times a second."""

    def __init__(self, plan: Plan, tally: Tally, used: Callable[[], int]):
        self.tally, self.used, self.budget = tally, used, plan.budget.memory_bytes
        self.width = min(40, max((len(step.id) for step in plan), default=0))

    def render(self) -> RenderableType:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        tally, now = self.tally, time.monotonic()
        running = tally.running()
        rows = Table.grid(padding=(0, 2), expand=False)
        rows.add_column(style="cyan", no_wrap=True, overflow="ellipsis", min_width=self.width)
        for style in ("", "", "dim"):
            rows.add_column(style=style, no_wrap=True)
        for step in running[:MOST_SHOWN]:
            told = f"{duration(step.elapsed(now))} of about {duration(step.predicted)}"
            part = f"part {step.part + 1} of {step.parts}" if step.parts > 1 else ""
            bar = ProgressBar(total=1.0, completed=step.share(now), width=20, complete_style="cyan")
            rows.add_row(step.id, bar, told, part)
        more = len(running) - MOST_SHOWN
        used, left = self.used(), tally.left(now)
        total = Table.grid(padding=(0, 2))
        total.add_row(
            ProgressBar(total=1.0, completed=tally.share(now), width=40),
            f"{tally.ended}/{tally.steps} steps",
            f"about {duration(left)} left" if tally.ended < tally.steps else "",
            Text(f"memory {size(used)} of {size(self.budget)}", style="bold red" if used > self.budget else "dim"),
        )
        return Group("", rows, *([f"and {more} more"] if more > 0 else []), total)


def step_line(event: str, facts: dict[str, Any]) -> str:
    """What became of one step, in a line."""
    if event == "step_reused":
        return f"= {facts['step']}"
    if event == "step_skipped":
        return f"- {facts['step']}: {facts['error']}"
    if facts["status"] == "failed":
        return f"x {facts['step']}: {facts['error']}"
    return f"+ {facts['step']:<44} {facts['seconds']:7.1f} s  {size(facts['peak_bytes']):>8}"


def note(event: str, facts: dict[str, Any], tally: Tally) -> str:
    """What else of a run is worth a line, or none: its start and end, and whatever did not go as planned."""
    if event == "run_started":
        return f"run {facts['folder']}: {facts['steps']} steps"
    if event == "run_finished":
        return f"{facts['status']} in {duration(tally.seconds())}"
    if event == "run_interrupted":
        return f"stopped; {facts['way_on']}"
    if event != "traceback" and {"step", "text"} <= facts.keys():
        return f"          {facts['step']}: {facts['text']}"
    return ""


def memory_used() -> int:
    """Resident bytes of this process and of those that it started."""
    import psutil

    total, this = 0, psutil.Process()
    for process in (this, *this.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.Error:
            continue
    return total
