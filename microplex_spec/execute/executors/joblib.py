"""The joblib executor: tasks in worker processes of this machine (loky, the process pool under joblib)."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from ..outcome import Outcome, measured
from ..task import Task


class Joblib:
    """One worker a core, each with one thread: results do not depend on threads, and cores are not shared twice.

    Workers are spawned, never forked: a fork of a process that has run compiled parallel code can hang.
    """

    def __init__(self, cores: int):
        self.capacity = cores
        self._running: dict[Future[Outcome], Task] = {}
        self._pool: Any = None

    def submit(self, task: Task) -> None:
        try:
            future = self._workers().submit(measured, task)
        except BrokenProcessPool:
            # A worker died while it had no task.
            self._pool = None
            future = self._workers().submit(measured, task)
        self._running[future] = task

    def _workers(self) -> Any:
        from joblib.externals.loky import ProcessPoolExecutor

        if self._pool is None:
            threads = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
            self._pool = ProcessPoolExecutor(max_workers=self.capacity, env=threads)
        return self._pool

    def wait(self) -> tuple[Task, Outcome]:
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        future = done.pop()
        task = self._running.pop(future)
        try:
            return task, future.result()
        except BrokenProcessPool as fault:
            # The pool is gone with its worker: the others of this moment come back lost as well.
            self._pool = None
            return task, Outcome(error=f"its worker died ({type(fault).__name__})", lost=True)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, kill_workers=True)
        self._running.clear()
