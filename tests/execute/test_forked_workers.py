"""Workers forked from a process that holds one slow module: they have it at once, and never outlive their build."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver

import psutil
import pytest

from microplex_spec.execute.executors.forked import ForkedWorkers

# A module of the standard library that nothing here imports.
MODULE = "tabnanny"
HELD = f"'{MODULE}' in __import__('sys').modules"
WORKER_THEN_WAIT = f"""
import os, time
from microplex_spec.execute.executors.forked import ForkedWorkers
if __name__ == "__main__":
    workers = ForkedWorkers({MODULE!r}, 1)  # kept: a pool that nobody holds lets its workers go
    print(workers.pool().submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def workers():
    # The server is one a process: other tests may have left one that holds other modules.
    forkserver._forkserver._stop()
    workers = ForkedWorkers(MODULE, 1)
    yield workers
    workers.close()


def test_a_worker_holds_the_module_before_its_first_task(workers):
    assert MODULE not in sys.modules
    assert workers.pool().submit(eval, HELD).result(timeout=60)


def test_a_worker_has_one_thread_and_the_build_keeps_its_own(workers):
    before = os.environ.get("OMP_NUM_THREADS")
    assert workers.pool().submit(os.getenv, "OMP_NUM_THREADS").result(timeout=60) == "1"
    assert os.environ.get("OMP_NUM_THREADS") == before


def test_a_killed_worker_breaks_its_pool_and_the_next_pool_works(workers):
    pid = workers.pool().submit(os.getpid).result(timeout=60)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(BrokenProcessPool):
        workers.pool().submit(time.sleep, 60).result(timeout=60)
    workers.close()
    assert workers.pool().submit(os.getpid).result(timeout=60) != pid


def test_closing_stops_a_worker_whatever_it_does(workers):
    pid = workers.pool().submit(os.getpid).result(timeout=60)
    workers.pool().submit(time.sleep, 600)
    workers.close()
    assert gone(pid)


def test_a_worker_ends_when_its_build_is_killed():
    build = subprocess.Popen([sys.executable, "-c", WORKER_THEN_WAIT], stdout=subprocess.PIPE, text=True)
    assert build.stdout is not None
    pid = int(build.stdout.readline())
    assert psutil.pid_exists(pid)
    build.kill()
    build.wait()
    assert gone(pid)


def gone(pid: int) -> bool:
    """Whether a process ends within ten seconds."""
    try:
        psutil.Process(pid).wait(timeout=10)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True
