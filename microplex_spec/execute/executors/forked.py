"""Workers forked from a process that has imported one slow module: it is imported once, and its memory is shared."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, forkserver, get_context, parent_process
from multiprocessing.process import BaseProcess

_THREADS = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def one_thread() -> dict[str, str]:
    """The environment of a worker that shares its machine with one worker a core."""
    return dict.fromkeys(_THREADS, "1")


class ForkedWorkers:
    """A pool of workers forked from the standard library's fork server, which holds the module and nothing else.

    The import begins in the background at once, so that it is over when the first task needs it.
    """

    def __init__(self, module: str, workers: int):
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._others: set[BaseProcess] = set()
        forkserver.set_forkserver_preload([module])
        with _environment(one_thread()):
            forkserver.ensure_running()

    def pool(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._others = set(active_children())
            context = get_context("forkserver")
            self._pool = ProcessPoolExecutor(self._workers, mp_context=context, initializer=end_with_parent)
        return self._pool

    def close(self) -> None:
        """Stop the workers, whatever they do."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            for worker in set(active_children()) - self._others:
                worker.kill()
            self._pool = None


def end_with_parent() -> None:
    """Let this worker end when the process that gives it tasks is gone: it would wait for the next one forever."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Environment variables for as long as a process is started."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
