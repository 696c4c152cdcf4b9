"""Run folders: made exclusively, one a run, with the files that the contract names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ..plan import Plan
from ..spec.errors import SpecError


def new_run_folder(runs: Path, plan: Plan) -> Path:
    """runs/<spec>/<UTC time>-<plan key 8>, created by nobody else; a second one in the same second gets a suffix."""
    parent = runs / plan.spec
    parent.mkdir(parents=True, exist_ok=True)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{plan.key[:8]}"
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


def earlier_plans(runs: Path, spec: str) -> Iterator[Plan]:
    """The plans of a spec's earlier builds, newest first; what cannot be read is passed over."""
    for path in sorted((runs / spec).glob("*/plan.json"), reverse=True):
        with suppress(SpecError):
            yield Plan.read(path)
