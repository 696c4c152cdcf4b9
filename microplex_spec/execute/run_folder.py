"""Run folders: made exclusively, one a run, with the files that the contract names."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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


def last_step_keys(runs: Path, spec: str) -> dict[str, str]:
    """Step ids and keys of the newest plan of a spec, empty where it never ran."""
    plans = sorted((runs / spec).glob("*/plan.json"))
    for path in reversed(plans):
        try:
            steps: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["steps"]
            return {step["id"]: step["key"] for step in steps}
        except (OSError, ValueError, KeyError):
            continue
    return {}
