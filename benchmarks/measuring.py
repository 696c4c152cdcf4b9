"""Time and memory of one piece of work in this process, for benchmarks that compare environments too."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import psutil


def measured(work: Callable[[], Any]) -> tuple[Any, float, float, float]:
    """The result of work, wall seconds, CPU seconds, and peak resident memory above the start in GB."""
    process = psutil.Process()
    before = peak = process.memory_info().rss
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.005):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = max(peak, process.memory_info().rss)
    done.set()
    watcher.join()
    return result, wall, cpu, (peak - before) / 1e9
