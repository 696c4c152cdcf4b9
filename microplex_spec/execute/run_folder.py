"""Run folders: made exclusively, one a run, with the files that the contract names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ..plan import Plan
from ..spec.errors import SpecError
from .disk import disk_fault
from .locks import Lock, take_if_free, this_process


def new_run_folder(runs: Path, plan: Plan) -> Path:
    """runs/<spec>/<UTC time>-<plan key 8>, created by nobody else."""
    return new_folder(runs / plan.spec, f"{this_second()}-{plan.key[:8]}")


def this_second() -> str:
    """The time in UTC, as names of folders begin with it."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"


def new_folder(parent: Path, name: str) -> Path:
    """A folder in `parent`, created by nobody else; a second one of the name gets a suffix."""
    parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(1000):
        folder = parent / (f"{name}.{attempt}" if attempt else name)
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            continue
    raise SpecError(f"{parent / name} and a thousand like it exist")


def claim_run_folder(folder: Path) -> Path:
    """Take a folder that a sweep prepared; SpecError where a run stands in it already."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "plan.json").exists():
        raise SpecError(f"{folder} holds a run already; a run never overwrites another")
    return folder


def claim_run(folder: Path) -> Lock:
    """Hold a run folder for this process; SpecError where another one runs it, or where nobody can write."""
    path = folder / "run.lock"
    try:
        lock = take_if_free(path, says=this_process())
    except OSError as fault:
        raise SpecError(str(disk_fault(fault, folder) or f"{folder} cannot be written: {fault}")) from None
    if lock is None:
        raise SpecError(f"{folder} is being built by {path.read_text(encoding='utf-8')}; wait for it, or stop it")
    return lock


def earlier_plans(runs: Path, spec: str) -> Iterator[Plan]:
    """The plans of a spec's earlier builds, newest first; what cannot be read is passed over."""
    for path in sorted((runs / spec).glob("*/plan.json"), reverse=True):
        with suppress(SpecError):
            yield Plan.read(path)
