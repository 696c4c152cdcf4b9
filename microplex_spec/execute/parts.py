"""The parts of one step in a run: which are to be made, which stand already, and when the whole can be joined."""

from __future__ import annotations

from ..plan import Step
from .jobs import Job, parts_of
from .outcome import Outcome
from .store import Store


class Parts:
    """How far a step has come: the parts still to start, those made, and what they cost together."""

    def __init__(self, step: Step):
        self.step = step
        self.pending, self.started = parts_of(step), set[Job]()
        self.made: list[str] = []
        self.whole_started = False
        self.seconds, self.peak_bytes, self.start_bytes = 0.0, 0, 0

    def next(self, store: Store) -> Job | None:
        """The next job: a part that the store lacks, or the whole once no part is left; None if one must be awaited."""
        while self.pending:
            if not store.intact(self.pending[0].key):
                return self.pending[0]
            self.made.append(self.pending.pop(0).key)
        return None if self.started or self.whole_started else Job(self.step)

    def start(self, job: Job) -> None:
        if job.rows is None:
            self.whole_started = True
        else:
            self.started.add(self.pending.pop(0))

    def again(self, job: Job) -> None:
        if job.rows is None:
            self.whole_started = False
        else:
            self.started.discard(job)
            self.pending.insert(0, job)

    def finish(self, job: Job) -> None:
        self.started.discard(job)
        self.made.append(job.key)

    def halve(self) -> bool:
        """Cut every part that has not started in two; whether there was one."""
        self.pending = [half for job in self.pending for half in job.halves()]
        return bool(self.pending)

    def add(self, outcome: Outcome) -> None:
        self.seconds += outcome.seconds
        self.peak_bytes = max(self.peak_bytes, outcome.peak_bytes)
        self.start_bytes = self.start_bytes or outcome.start_bytes
