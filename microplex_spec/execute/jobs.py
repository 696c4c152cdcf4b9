"""Jobs: a step as what is submitted, in one piece or in the batches that the plan sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..plan import Step
from ..plan.keys import digest

Rows = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Job:
    """A step, or the rows of the root that one of its parts takes (first, and behind the last)."""

    step: Step
    rows: Rows | None = None

    @property
    def key(self) -> str:
        """What the store knows the result by; a part's key tells its rows, so that parts outlive a killed run."""
        return self.step.key if self.rows is None else digest([self.step.key, "rows", *self.rows])

    @property
    def name(self) -> str:
        return self.step.id if self.rows is None else f"{self.step.id}[{self.rows[0]}:{self.rows[1]}]"

    def halves(self) -> Iterator[Job]:
        """The part in two, for when the whole took more memory than was predicted."""
        assert self.rows is not None
        first, last = self.rows
        middle = (first + last + 1) // 2
        yield Job(self.step, (first, middle))
        if middle < last:
            yield Job(self.step, (middle, last))


def parts_of(step: Step) -> list[Job]:
    """The parts of a step that the plan does in batches; none where one batch holds everything."""
    batch = step.batch or {}
    rows, size = batch.get("of", 0), batch.get("households", 0)
    if not size or rows <= size:
        return []
    return [Job(step, (first, min(first + size, rows))) for first in range(0, rows, size)]
