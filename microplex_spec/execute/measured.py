"""What one call took: wall and processor seconds, and the memory it added at its peak."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from .memory import PeakMemory


@dataclass(frozen=True)
class Measured[T]:
    """The result of a call with what it took: seconds, those of all processors, resident bytes above the start."""

    result: T
    seconds: float
    cpu_seconds: float
    peak_bytes: int


def measured[T](work: Callable[[], T], every: float = 0.01) -> Measured[T]:
    """Run work() and watch it, looking at memory `every` so many seconds.

    Memory that an earlier call freed and the process kept is not seen again: to compare methods, measure each in a
    process of its own. What work() raises passes through.
    """
    with PeakMemory(every) as memory:
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Measured(result, wall, cpu, memory.bytes - memory.start)
