"""The ray executor: tasks on a ray cluster, by default one of this machine (extra `ray`)."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from ..outcome import Outcome, measured
from ..task import Task
from .forked import one_thread


class Ray:
    """One task a core. Inputs and the store must lie where every node sees them, since only paths are sent.

    address: of a running cluster, or None to start one here for the run. A task asks for one core and for the
    memory that the plan predicts for it, so that ray itself keeps to the machine.
    """

    parallel = True

    def __init__(self, cores: int, address: str | None = None):
        # Ray would report each run to its makers.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        import ray

        self._ray, self._address = ray, address
        if not ray.is_initialized():
            quiet: dict[str, Any] = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
            ray.init(**quiet, **({"address": address} if address else {"num_cpus": cores}))
        self.capacity = max(1, int(ray.cluster_resources().get("CPU", cores)))
        self._environment = {"env_vars": one_thread()}
        self._measured = ray.remote(measured)
        self._running: dict[Any, Task] = {}
        self._idle: dict[str, list[Any]] = {}
        self._actors: dict[Any, Any] = {}

    def prepare(self, module: str) -> None:
        """Actors that import the module while other tasks run; they take no core until they have a task."""
        self._idle[module] = [self._actor(module) for _ in range(self.capacity)]

    def _actor(self, module: str) -> Any:
        return self._ray.remote(_Prepared).options(num_cpus=0, runtime_env=self._environment).remote(module)

    def submit(self, task: Task) -> None:
        if self._idle.get(task.preload):
            actor = self._idle[task.preload].pop()
            running = actor.run.remote(task)
            self._actors[running] = actor
        else:
            needs = {"num_cpus": 1, "memory": task.step.predicted.bytes, "max_retries": 0}
            running = self._measured.options(**needs, runtime_env=self._environment).remote(task)
        self._running[running] = task

    def wait(self) -> tuple[Task, Outcome]:
        done, _ = self._ray.wait(list(self._running), num_returns=1)
        task = self._running.pop(done[0])
        actor = self._actors.pop(done[0], None)
        try:
            outcome = self._ray.get(done[0])
        except self._ray.exceptions.RayError as fault:
            if actor is not None:
                actor = self._actor(task.preload)
            outcome = Outcome(error=f"its worker died ({type(fault).__name__})", lost=True)
        if actor is not None:
            self._idle[task.preload].append(actor)
        return task, outcome

    def close(self) -> None:
        for running in self._running:
            if running not in self._actors:
                self._ray.cancel(running, force=True)
        self._running.clear()
        self._ray.shutdown()


class _Prepared:
    """A worker that has imported a module before its first task."""

    def __init__(self, module: str):
        import_module(module)

    def run(self, task: Task) -> Outcome:
        return measured(task)
