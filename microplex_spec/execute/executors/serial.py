"""The serial executor: every task in this process, one after the other."""

from __future__ import annotations

from ..outcome import Outcome, measured
from ..task import Task


class Serial:
    """Runs a task when its outcome is asked for."""

    parallel = False

    def __init__(self, cores: int):
        self.capacity = 1
        self._tasks: list[Task] = []

    def prepare(self, module: str) -> None:
        """Nothing: the first task that needs the module imports it for all."""

    def submit(self, task: Task) -> None:
        self._tasks.append(task)

    def wait(self) -> tuple[Task, Outcome]:
        task = self._tasks.pop(0)
        return task, measured(task)

    def close(self) -> None:
        self._tasks.clear()
