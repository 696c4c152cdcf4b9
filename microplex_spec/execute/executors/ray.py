"""The ray executor: tasks on a ray cluster, by default one of this machine (extra `ray`)."""

from __future__ import annotations

import os
from typing import Any

from ..outcome import Outcome, measured
from ..task import Task


class Ray:
    """One task a core. Inputs and the store must lie where every node sees them, since only paths are sent.

    address: of a running cluster, or None to start one here for the run. A task asks for one core and for the
    memory that the plan predicts for it, so that ray itself keeps to the machine.
    """

    def __init__(self, cores: int, address: str | None = None):
        # Ray would report each run to its makers.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        import ray

        self._ray, self._address = ray, address
        if not ray.is_initialized():
            quiet: dict[str, Any] = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
            ray.init(**quiet, **({"address": address} if address else {"num_cpus": cores}))
        self.capacity = max(1, int(ray.cluster_resources().get("CPU", cores)))
        self._measured = ray.remote(measured)
        self._running: dict[Any, Task] = {}

    def submit(self, task: Task) -> None:
        needs = {"num_cpus": 1, "memory": task.step.predicted.bytes, "max_retries": 0}
        self._running[self._measured.options(**needs).remote(task)] = task

    def wait(self) -> tuple[Task, Outcome]:
        done, _ = self._ray.wait(list(self._running), num_returns=1)
        task = self._running.pop(done[0])
        try:
            return task, self._ray.get(done[0])
        except self._ray.exceptions.RayError as fault:
            return task, Outcome(error=f"its worker died ({type(fault).__name__})", lost=True)

    def close(self) -> None:
        for running in self._running:
            self._ray.cancel(running, force=True)
        self._running.clear()
        self._ray.shutdown()
