"""How far a run is: which steps ended and which run, and the seconds left, from events and predicted seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..plan import Plan

# Seconds for which the predictions are believed as they stand, before the run itself tells how fast it goes.
BELIEVED = 20.0
# A step that takes longer than predicted still has something to do.
NEARLY = 0.98


@dataclass
class Running:
    """A step that runs: since when, for how long it should, and how many of its parts are made."""

    id: str
    since: float
    predicted: float
    part: int = 0
    parts: int = 0

    def elapsed(self, now: float) -> float:
        return now - self.since

    def share(self, now: float) -> float:
        """How much of it is done, from 0 to 1: by its parts, or by the time it should take."""
        by_time = min(NEARLY, self.elapsed(now) / max(self.predicted, 0.01))
        return by_time if self.parts < 2 else max(self.part / self.parts, min(by_time, (self.part + 1) / self.parts))


class Tally:
    """Listens to the events of a run. Reading it while another thread tells it events is safe."""

    def __init__(self, plan: Plan, clock: Callable[[], float] = time.monotonic):
        self.clock, self.started, self.steps, self.ended = clock, clock(), len(plan.steps), 0
        # What is predicted to be reused takes no time; if it runs after all, its start says how long.
        self._seconds = {step.id: 0.0 if step.status == "reuse" else step.predicted.seconds for step in plan}
        self._over: set[str] = set()
        self._running: dict[str, Running] = {}

    def __call__(self, event: str, facts: dict[str, Any]) -> None:
        step = facts.get("step", "")
        if event == "run_started":
            self.started = self.clock()
        elif event == "step_started":
            self._seconds[step] = facts["predicted"]
            self._running[step] = Running(step, self.clock(), facts["predicted"])
        elif event == "part_finished" and step in self._running:
            self._running[step].part, self._running[step].parts = facts["part"], facts["parts"]
        elif event in ("step_finished", "step_reused", "step_skipped"):
            self.ended += 1
            self._over.add(step)
            self._running.pop(step, None)
            if event != "step_finished":
                self._seconds[step] = 0.0

    def running(self) -> list[Running]:
        return list(self._running.values())

    def seconds(self) -> float:
        """Since the run began."""
        return self.clock() - self.started

    def share(self, now: float) -> float:
        """How much of the predicted work is done, from 0 to 1."""
        total = sum(self._seconds.values())
        return self._done(now) / total if total else self.ended / self.steps

    def left(self, now: float) -> float:
        """Seconds that the rest should take at the pace so far, which several workers or a slow machine change."""
        done = self._done(now)
        pace = (done + BELIEVED) / (now - self.started + BELIEVED)
        return (sum(self._seconds.values()) - done) / pace

    def _done(self, now: float) -> float:
        over = sum(self._seconds[step] for step in list(self._over))
        return over + sum(step.predicted * step.share(now) for step in self.running())
