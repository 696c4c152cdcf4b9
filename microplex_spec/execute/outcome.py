"""Running one task and measuring it, in whatever process it runs: what executors hand back to the runner."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, field
from typing import Any

from ..spec.errors import SpecError
from .disk import disk_fault
from .memory import PeakMemory
from .task import Task, run_task


@dataclass(frozen=True)
class Outcome:
    """What became of a task. error: None if it went well. lost: its worker died, so that another may try.

    seconds: wall time. peak_bytes: highest resident size of the process meanwhile; start_bytes: its size before.
    """

    record: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    peak_bytes: int = 0
    start_bytes: int = 0
    error: str | None = None
    trace: str = ""
    lost: bool = False


def measured(task: Task) -> Outcome:
    """Run a task; a fault becomes an outcome with one plain line, its traceback kept for the log."""
    begun = time.perf_counter()
    record: dict[str, Any] = {}
    error, trace = None, ""
    with PeakMemory() as memory:
        try:
            record = run_task(task)
        except SpecError as fault:
            error = str(fault)
        except OSError as fault:
            plain = disk_fault(fault, task.out.parent, task.out)
            error, trace = str(plain or f"OSError: {fault}"), traceback.format_exc()
        except Exception as fault:
            error, trace = f"{type(fault).__name__}: {fault}", traceback.format_exc()
    seconds = time.perf_counter() - begun
    return Outcome(record, seconds, memory.bytes, memory.start, error, trace)
