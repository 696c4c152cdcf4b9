"""Running a plan: each step once its inputs stand, kept artifacts reused, failures kept to their own branch."""

from __future__ import annotations

import inspect
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..plan import Plan, Step
from ..plan.run_files import way_on
from ..spec.choices import BackendChoice
from ..spec.errors import Problem, SpecError
from ..spec.hashing import write_atomically
from ..spec.project import Project, find_project
from ..spec.registry import EXECUTORS
from .events import EventLog, Listener
from .executors.base import Executor
from .jobs import Job
from .locks import Lock
from .manifest import CHECKS_FAILED, Manifest
from .outcome import Outcome
from .parts import Parts
from .run_folder import claim_run, new_run_folder
from .store import Store
from .task import Task, preload_of

# A part that takes more than this times its predicted bytes has those after it cut in two.
MEMORY_SLACK = 1.5
TRIES = 2
SECONDS_BETWEEN_LOOKS = 0.2
SERIAL = BackendChoice(name="serial")


@dataclass
class RunResult:
    """What became of a run: its folder, its status (done, failed or checks_failed), headline figures, failures by step.

    failures: only steps that failed by themselves, not those left out because they needed one of these. checks: a row
    for each, as checks.csv holds them.
    """

    folder: Path
    status: str
    headline: dict[str, Any]
    failures: dict[str, str] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)


def execute(
    plan: Plan,
    run: Path | None = None,
    *,
    project: Project | None = None,
    executor: BackendChoice = SERIAL,
    store: str | None = None,
    listeners: tuple[Listener, ...] = (),
) -> RunResult:
    """Run exactly the steps of `plan`, leaving the contract's files in the folder `run` (default: a new one).

    project: where runs and their store lie (default: found upward from the working folder). store: another folder
    for artifacts. A run folder that holds this plan already is gone on with. A step that fails stops only those
    that need it; its traceback goes to events.jsonl, its message to the manifest. SpecError where another process is
    at the same run.
    """
    project = project or find_project()
    run = run or new_run_folder(project.runs, plan)
    with claim_run(run):
        runner = _Runner(
            plan,
            run,
            Store.of(project, store),
            Manifest.of_run(run / "manifest.json", plan, store, executor.name),
            EventLog(run / "events.jsonl", listeners),
            project.cache,
            make_executor(executor, plan),
        )
        return runner.run_all()


def make_executor(choice: BackendChoice, plan: Plan) -> Executor:
    """The executor of a run; SpecError for parameters that it lacks, or a package that is not installed."""
    backend = EXECUTORS.load(choice.name)
    known = set(inspect.signature(backend).parameters) - {"cores"}
    for name in sorted(set(choice.params) - known):
        hint = f"it has: {', '.join(sorted(known)) or 'none'}"
        raise SpecError(Problem(f"executor {choice.name!r} has no parameter {name!r}", hint=hint))
    try:
        return backend(plan.budget.cores, **choice.params)
    except ModuleNotFoundError as error:
        hint = f"pip install microplex-spec[{choice.name}]"
        raise SpecError(Problem(f"executor {choice.name!r} needs the package {error.name!r}", hint=hint)) from None


class _Runner:
    def __init__(
        self,
        plan: Plan,
        run: Path,
        store: Store,
        manifest: Manifest,
        log: EventLog,
        cache: Path,
        executor: Executor,
    ):
        self.plan, self.run, self.store, self.cache = plan, run, store, cache
        self.manifest, self.log, self.executor = manifest, log, executor
        self.artifacts: dict[str, Path] = {}
        self.records: dict[str, dict[str, Any]] = {}
        self.failures: dict[str, str] = {}
        self.ended: set[str] = set()
        self.running: dict[Path, Job] = {}
        self.parts: dict[str, Parts] = {}
        self.tries: dict[str, int] = {}
        self.claims: dict[str, Lock] = {}
        self.waiting: set[str] = set()

    def run_all(self) -> RunResult:
        if not (self.run / "plan.json").exists():
            self.plan.write(self.run / "plan.json")
        if self.plan.lock is not None:
            write_atomically(self.run / "spec.lock.yaml", self.plan.lock())
        self.manifest.write()
        self.log("run_started", plan=self.plan.key, steps=len(self.plan.steps), folder=str(self.run))
        try:
            for module in {preload_of(step) for step in self.plan if step.key not in self.store} - {""}:
                self.executor.prepare(module)
            with self.store.holding(step.key for step in self.plan):
                while self.start_what_can() or self.running or self.waiting:
                    if self.running:
                        self.take(*self.executor.wait())
                    elif self.waiting:
                        time.sleep(SECONDS_BETWEEN_LOOKS)
        except KeyboardInterrupt:
            self.manifest.close("failed", {}, [])
            self.log("run_interrupted", way_on=way_on(self.run))
            raise
        finally:
            self.executor.close()
            for claim in self.claims.values():
                claim.release()
            for unfinished in self.running:
                shutil.rmtree(unfinished, ignore_errors=True)
            shutil.rmtree(self.run / ".work", ignore_errors=True)
        return self.close()

    def close(self) -> RunResult:
        checked = [self.records.get(step.id, {}) for step in self.plan.of_kind("check")]
        checks: list[dict[str, Any]] = [row for record in checked for row in record.get("checks", ())]
        missed = any((row["severity"], row["status"]) == ("error", "failed") for row in checks)
        status = "failed" if self.failures else CHECKS_FAILED if missed else "done"
        evaluated = [self.records.get(step.id, {}) for step in self.plan.of_kind("evaluate")]
        headline: dict[str, Any] = next((record["headline"] for record in evaluated if "headline" in record), {})
        self.manifest.close(status, headline, checks)
        self.log("run_finished", status=status, headline=headline)
        return RunResult(self.run, status, headline, self.failures, checks)

    def start_what_can(self) -> bool:
        """Start, reuse or skip steps as far as capacity and memory allow; whether anything was done."""
        done = False
        for step in self.plan:
            if step.id in self.ended or any(job.step is step and job.rows is None for job in self.running.values()):
                continue
            lacking = [other for other in step.inputs if other not in self.artifacts]
            if any(other in self.ended for other in lacking):
                self.skip(step, f"needs {', '.join(lacking)}, which failed")
                done = True
            elif not lacking:
                done |= self.start(step)
        return done

    def start(self, step: Step) -> bool:
        """Reuse the step's artifact, or start what of it can be started; whether either was possible."""
        if step.checkpoint and step.id not in self.claims:
            if self.reuse(step):
                return True
            if not self.claim(step):
                return False
            # Another build may have made it between the look and the claim.
            if self.store.intact(step.key) and self.reuse(step):
                return True
        if step.id not in self.parts:
            self.parts[step.id] = Parts(step)
        parts = self.parts[step.id]
        started = False
        while (job := parts.next(self.store)) is not None and self.has_room(step):
            parts.start(job)
            self.submit(job)
            started = True
        return started

    def claim(self, step: Step) -> bool:
        """Claim the making of an artifact, so that builds on one store make it once; False while another makes it."""
        lock = self.store.claim(step.key)
        if lock is None:
            if step.id not in self.waiting:
                self.log("step_waits", step=step.id, text=f"waits for {self.store.claimed_by(step.key)}")
            self.waiting.add(step.id)
            return False
        self.waiting.discard(step.id)
        self.claims[step.id] = lock
        return True

    def has_room(self, step: Step) -> bool:
        """Whether another job may run now: a free place, and memory for it beside those that run."""
        if not self.running:
            return True
        taken = sum(job.step.predicted.bytes for job in self.running.values())
        fits = taken + step.predicted.bytes <= self.plan.budget.memory_bytes
        return len(self.running) < self.executor.capacity and fits

    def submit(self, job: Job) -> None:
        step = job.step
        if step.checkpoint:
            try:
                out = self.store.fresh(job.key)
            except OSError as fault:
                self.fail(step, self.parts[step.id], Outcome(error=str(fault)))
                return
        else:
            out = self.run / ".work" / step.kind
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir(parents=True)
        if step.id not in self.tries:
            self.log("step_started", step=step.id, backend=step.backend, predicted=step.predicted.seconds)
        self.tries[step.id] = self.tries.get(step.id, 0)
        self.running[out] = job
        inputs = {other: self.artifacts[other] for other in step.inputs}
        parts = () if job.rows else tuple(self.store.path(key) for key in self.parts[step.id].made)
        self.executor.submit(Task(step, inputs, out, self.cache, self.run, job.rows, parts))

    def take(self, task: Task, outcome: Outcome) -> None:
        """Put what a task made in its place, or note why it failed."""
        job = self.running.pop(task.out)
        step, parts = job.step, self.parts[job.step.id]
        if outcome.lost and self.tries[step.id] + 1 < TRIES:
            self.tries[step.id] += 1
            self.log("worker_lost", step=step.id, text="its worker died: tried again")
            shutil.rmtree(task.out, ignore_errors=True)
            parts.again(job)
            return
        parts.add(outcome)
        if outcome.error:
            shutil.rmtree(task.out, ignore_errors=True)
            self.fail(step, parts, outcome)
            return
        try:
            placed = self.place(job, task.out, outcome)
        except OSError as fault:
            shutil.rmtree(task.out, ignore_errors=True)
            self.fail(step, parts, Outcome(error=f"its result cannot be kept: {fault}"))
            return
        if job.rows is None:
            self.artifacts[step.id] = placed
            self.end(step, "done", parts, None, outcome.record)
            return
        parts.finish(job)
        self.log("part_finished", step=step.id, part=len(parts.made), parts=len(parts.made) + len(parts.pending))
        if outcome.peak_bytes > MEMORY_SLACK * step.predicted.bytes and parts.halve():
            text = f"a batch took {outcome.peak_bytes / 1e9:.1f} GB: the next ones are half as large"
            self.log("batch_halved", step=step.id, text=text)

    def place(self, job: Job, out: Path, outcome: Outcome) -> Path:
        if job.step.checkpoint:
            whole = "" if job.rows is None else job.step.key
            return self.store.commit(job.key, out, outcome.record, step=job.name, spec=self.plan.spec, part_of=whole)
        for path in sorted(out.iterdir()):
            if path.name in job.step.outputs:
                target = self.run / path.name
                if target.is_dir():
                    shutil.rmtree(target)
                path.replace(target)
        return self.run

    def fail(self, step: Step, parts: Parts, outcome: Outcome) -> None:
        if outcome.trace:
            self.log("traceback", step=step.id, text=outcome.trace)
        self.failures[step.id] = outcome.error or ""
        self.end(step, "failed", parts, outcome.error, {})

    def end(self, step: Step, status: str, parts: Parts, error: str | None, record: dict[str, Any]) -> None:
        if step.id in self.ended:
            return
        self.ended.add(step.id)
        self.release(step)
        self.records[step.id] = record
        self.manifest.add(step, status, parts.seconds, parts.peak_bytes, parts.start_bytes, error, record)
        self.log(
            "step_finished",
            step=step.id,
            status=status,
            seconds=round(parts.seconds, 3),
            peak_bytes=parts.peak_bytes,
            error=error,
        )

    def release(self, step: Step) -> None:
        self.waiting.discard(step.id)
        if step.id in self.claims:
            self.claims.pop(step.id).release()

    def reuse(self, step: Step) -> bool:
        """Take the step's artifact from the store, if a whole one stands there."""
        if step.key not in self.store:
            return False
        if not self.store.intact(step.key):
            self.log("artifact_damaged", step=step.id, key=step.key, text="a file lost its checksum: made again")
            return False
        self.store.touch(step.key)
        self.release(step)
        self.artifacts[step.id] = self.store.path(step.key)
        self.records[step.id] = self.store.record(step.key)
        self.ended.add(step.id)
        self.manifest.add(step, "reused", 0.0, 0, 0, None, self.records[step.id])
        self.log("step_reused", step=step.id)
        return True

    def skip(self, step: Step, why: str) -> None:
        self.ended.add(step.id)
        self.manifest.add(step, "skipped", 0.0, 0, 0, why, {})
        self.log("step_skipped", step=step.id, error=why)
