"""What work costs on this machine: coefficients measured here, corrected by what the last runs took."""

from __future__ import annotations

import json
import os
import platform
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ..plan import Plan, Step
from ..plan.keys import digest
from ..plan.run_files import read_manifest
from ..spec.cost import Coefficient, CostModel, read_coefficients, shipped_costs
from ..spec.errors import SpecError
from ..spec.hashing import write_atomically
from ..spec.project import Project
from .fit_costs import Taken, fit_costs
from .versions import versions

# Runs that correct the coefficients, newest first: several, so that one busy hour does not count for all.
RUNS = 5
# Run folders looked through for these.
LOOK_BACK = 12
SECONDS_OFF, BYTES_OFF, LONG = 1.5, 0.25, 1.0


@dataclass(frozen=True)
class PastStep:
    """A step that a run executed, and what it took."""

    step: Step
    seconds: float
    peak_bytes: int

    @property
    def taken(self) -> Taken:
        return Taken(self.step.predicted.work, self.seconds, self.peak_bytes)

    @property
    def told_seconds(self) -> bool:
        """Whether its seconds were within a factor 1.5 of the predicted ones."""
        told = self.step.predicted.seconds
        return self.seconds / SECONDS_OFF <= told <= self.seconds * SECONDS_OFF

    @property
    def told_bytes(self) -> bool:
        """Whether its predicted peak was within a quarter of the measured one."""
        return abs(self.step.predicted.bytes - self.peak_bytes) <= BYTES_OFF * self.peak_bytes


def machine_key() -> str:
    """Names this machine and the versions of its libraries: figures measured under one key hold under no other."""
    import psutil

    memory = round(psutil.virtual_memory().total / 2**30)
    cores = len(os.sched_getaffinity(0))
    facts = [platform.machine(), platform.processor(), _processor(), cores, memory, versions()]
    return f"{cores}cores-{memory}gb-{digest(facts)[:12]}"


def _processor() -> str:
    """The name of the processor where the system tells it (Linux)."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return ""


def costs_path(project: Project) -> Path:
    """Where this machine's coefficients are kept."""
    return project.cache / "costs" / f"{machine_key()}.json"


def write_costs(project: Project, coefficients: dict[str, Coefficient]) -> Path:
    path = costs_path(project)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = {name: asdict(row) for name, row in sorted(coefficients.items())}
    write_atomically(path, json.dumps({"coefficients": rows}, indent=1) + "\n")
    return path


def load_costs(project: Project, spec: str, executor: str = "serial") -> CostModel:
    """The model for a plan: shipped coefficients, those measured here over them, moved to what the last runs took."""
    return refined(measured_costs(project), past_runs(project, spec, executor))


def measured_costs(project: Project) -> CostModel:
    """The shipped coefficients with those measured on this machine over them, if any; a damaged file counts as none."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        return shipped_costs().with_coefficients(read_coefficients(costs_path(project).read_text(encoding="utf-8")))
    return shipped_costs()


def past_runs(project: Project, spec: str, executor: str = "serial") -> list[list[PastStep]]:
    """The executed steps of the last runs of a spec on this machine under this executor, newest run first."""
    machine, found = machine_key(), []
    for folder in sorted((project.runs / spec).glob("*"), reverse=True)[:LOOK_BACK]:
        with suppress(OSError, ValueError, KeyError, TypeError, SpecError):
            manifest = read_manifest(folder)
            alike = manifest.get("machine", machine) == machine and manifest.get("executor", executor) == executor
            if alike and manifest["finished"] and (run := past_run(folder)):
                found.append(run)
        if len(found) == RUNS:
            break
    return found


def past_run(folder: Path) -> list[PastStep]:
    """The steps that a run executed, in their order; those of plans that carry no work are left out."""
    manifest = read_manifest(folder)
    steps = {step.id: step for step in Plan.read(folder / "plan.json")}
    return [
        PastStep(steps[row["id"]], row["seconds"], row["peak_bytes"])
        for row in manifest["steps"]
        if row["status"] == "done" and row["seconds"] > 0 and steps[row["id"]].predicted.work
    ]


def refined(model: CostModel, runs: list[list[PastStep]]) -> CostModel:
    """The model with its coefficients moved to what the runs took; none are moved where there are no runs."""
    found = fit_costs([[past.taken for past in run] for run in runs], model) if runs else {}
    return model.with_coefficients(found)


def last_run_line(project: Project, spec: str, executor: str = "serial") -> str:
    """How good the predictions of the last run were, in one line; "" where there was none."""
    runs = past_runs(project, spec, executor)
    if not runs:
        return ""
    long = [past for past in runs[0] if past.seconds >= LONG]
    if not long:
        return "last run: no step took a second"
    return (
        f"last run: {sum(past.told_seconds for past in long)} of {len(long)} steps over {LONG:.0f} s "
        f"within {SECONDS_OFF:g}x of predicted seconds, "
        f"{sum(past.told_bytes for past in long)} within {BYTES_OFF:.0%} of predicted memory"
    )
