"""The serial executor: every task in this process, one after the other."""

from __future__ import annotations

from typing import Any

from ..task import Task, run_task


class Serial:
    """Runs a task when it is asked to."""

    def run(self, task: Task) -> dict[str, Any]:
        return run_task(task)
