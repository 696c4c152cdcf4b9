"""What an executor is: somewhere to run tasks, so many at once, that gives their outcomes back as they end."""

from __future__ import annotations

from typing import Protocol

from ..outcome import Outcome
from ..task import Task


class Executor(Protocol):
    """Five methods, of which serial is the trivial case. An executor knows tasks, never steps or stores.

    capacity: tasks at once. parallel: whether that is more than one by design, so that plans cut steps for it.
    """

    capacity: int
    parallel: bool

    def __init__(self, cores: int): ...

    def prepare(self, module: str) -> None:
        """Told at the start: tasks will come that need a module which takes long to import (`Task.preload`)."""
        ...

    def submit(self, task: Task) -> None:
        """Take a task; the runner never submits more than `capacity` at once."""
        ...

    def wait(self) -> tuple[Task, Outcome]:
        """The next task that ends, with what became of it; a worker that died gives an outcome that is `lost`."""
        ...

    def close(self) -> None:
        """Stop what still runs and give back what was taken."""
        ...
