"""The joblib executor: tasks in worker processes of this machine (loky, the process pool under joblib)."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from ..outcome import Outcome, measured
from ..task import Task
from .forked import ForkedWorkers, one_thread


class Joblib:
    """One worker a core, each with one thread: results do not depend on threads, and cores are not shared twice.

    Workers are spawned, never forked from here: a fork of a process that has run compiled parallel code can hang.
    Tasks that need a module which takes long to import run in workers forked from a process that holds just that.
    """

    parallel = True

    def __init__(self, cores: int):
        self.capacity = cores
        self._running: dict[Future[Outcome], Task] = {}
        self._pool: Any = None
        self._forked: dict[str, ForkedWorkers] = {}

    def prepare(self, module: str) -> None:
        self._forked[module] = ForkedWorkers(module, self.capacity)

    def submit(self, task: Task) -> None:
        try:
            future = self._workers(task).submit(measured, task)
        except BrokenProcessPool:
            # A worker died while it had no task.
            self._forget(task)
            future = self._workers(task).submit(measured, task)
        self._running[future] = task

    def _workers(self, task: Task) -> Any:
        if task.preload in self._forked:
            return self._forked[task.preload].pool()
        if self._pool is None:
            from joblib.externals.loky import ProcessPoolExecutor

            self._pool = ProcessPoolExecutor(max_workers=self.capacity, env=one_thread())
        return self._pool

    def _forget(self, task: Task) -> None:
        """Leave a pool that broke; the next task of its kind gets a new one."""
        if task.preload in self._forked:
            self._forked[task.preload].close()
        else:
            self._pool = None

    def wait(self) -> tuple[Task, Outcome]:
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        future = done.pop()
        task = self._running.pop(future)
        try:
            return task, future.result()
        except BrokenProcessPool as fault:
            # The pool is gone with its worker: the others of this moment come back lost as well.
            self._forget(task)
            return task, Outcome(error=f"its worker died ({type(fault).__name__})", lost=True)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, kill_workers=True)
        for workers in self._forked.values():
            workers.close()
        self._running.clear()
