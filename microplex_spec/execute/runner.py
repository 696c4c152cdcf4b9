"""Running a plan: each step once its inputs stand, kept artifacts reused, failures kept to their own branch."""

from __future__ import annotations

import shutil
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..plan import Plan, Step
from ..spec.errors import SpecError
from ..spec.project import Project, find_project
from ..spec.registry import EXECUTORS
from .events import EventLog, Listener
from .manifest import Manifest
from .memory import PeakMemory
from .run_folder import new_run_folder
from .store import Store
from .task import Task


@dataclass
class RunResult:
    """What became of a run: its folder, its status (done or failed), its headline figures, failures by step.

    failures: only steps that failed by themselves, not those left out because they needed one of these.
    """

    folder: Path
    status: str
    headline: dict[str, Any]
    failures: dict[str, str] = field(default_factory=dict)


def execute(
    plan: Plan,
    run: Path | None = None,
    *,
    project: Project | None = None,
    executor: str = "serial",
    listeners: tuple[Listener, ...] = (),
) -> RunResult:
    """Run exactly the steps of `plan`, leaving the contract's files in the folder `run` (default: a new one).

    project: where runs and their store lie (default: found upward from the working folder). A step that fails
    stops only those that need it; its traceback goes to events.jsonl, its message to the manifest.
    """
    project = project or find_project()
    run = run or new_run_folder(project.runs, plan)
    return _Runner(plan, run, Store(project.store), project.cache, executor, listeners).run_all()


class _Runner:
    def __init__(
        self, plan: Plan, run: Path, store: Store, cache: Path, executor: str, listeners: tuple[Listener, ...]
    ):
        self.plan, self.run, self.store, self.cache = plan, run, store, cache
        self.executor = EXECUTORS.load(executor)()
        self.log = EventLog(run / "events.jsonl", listeners)
        self.manifest = Manifest(run / "manifest.json", plan)
        self.artifacts: dict[str, Path] = {}
        self.records: dict[str, dict[str, Any]] = {}
        self.failures: dict[str, str] = {}

    def run_all(self) -> RunResult:
        self.plan.write(self.run / "plan.json")
        if self.plan.lock is not None:
            (self.run / "spec.lock.yaml").write_text(self.plan.lock(), encoding="utf-8")
        self.log("run_started", plan=self.plan.key, steps=len(self.plan.steps), folder=str(self.run))
        for step in self.plan:
            self.one(step)
        status = "failed" if self.failures else "done"
        evaluated = [self.records.get(step.id, {}) for step in self.plan.of_kind("evaluate")]
        headline: dict[str, Any] = next((record["headline"] for record in evaluated if "headline" in record), {})
        self.manifest.close(status, headline)
        self.log("run_finished", status=status, headline=headline)
        shutil.rmtree(self.run / ".work", ignore_errors=True)
        return RunResult(self.run, status, headline, self.failures)

    def one(self, step: Step) -> None:
        missing = [other for other in step.inputs if other not in self.artifacts]
        if missing:
            self.skip(step, f"needs {', '.join(missing)}, which failed")
            return
        if step.checkpoint and step.key in self.store:
            if self.store.intact(step.key):
                self.reuse(step)
                return
            self.log("artifact_damaged", step=step.id, key=step.key, text="a file lost its checksum: made again")
        self.log("step_started", step=step.id, backend=step.backend, predicted=step.predicted.seconds)
        begun = time.perf_counter()
        with PeakMemory() as peak:
            try:
                record, error = self.make(step), None
            except SpecError as fault:
                record, error = {}, str(fault)
            except Exception as fault:
                record, error = {}, f"{type(fault).__name__}: {fault}"
                self.log("traceback", step=step.id, text=traceback.format_exc())
        seconds = time.perf_counter() - begun
        if error:
            self.failures[step.id] = error
        self.records[step.id] = record
        status = "failed" if error else "done"
        self.manifest.add(step, status, seconds, peak.bytes, error, record)
        self.log(
            "step_finished",
            step=step.id,
            status=status,
            seconds=round(seconds, 3),
            peak_bytes=peak.bytes,
            error=error,
        )

    def make(self, step: Step) -> dict[str, Any]:
        """Run the step's task into the store, or into the run folder if its artifact is not to be kept."""
        if not step.checkpoint:
            out = self.run / ".work" / step.kind
            out.mkdir(parents=True)
            record = self.executor.run(self.task(step, out))
            for path in sorted(out.iterdir()):
                if path.name in step.outputs:
                    path.replace(self.run / path.name)
            self.artifacts[step.id] = self.run
            return record
        with self.store.writing(step.key) as out:
            record = self.executor.run(self.task(step, out))
            self.artifacts[step.id] = self.store.commit(step.key, out, record)
        return record

    def task(self, step: Step, out: Path) -> Task:
        inputs = {other: self.artifacts[other] for other in step.inputs}
        return Task(step=step, inputs=inputs, out=out, cache=self.cache, run=self.run)

    def reuse(self, step: Step) -> None:
        self.artifacts[step.id] = self.store.path(step.key)
        self.records[step.id] = self.store.record(step.key)
        self.manifest.add(step, "reused", 0.0, 0, None, self.records[step.id])
        self.log("step_reused", step=step.id)

    def skip(self, step: Step, why: str) -> None:
        self.manifest.add(step, "skipped", 0.0, 0, why, {})
        self.log("step_skipped", step=step.id, error=why)
