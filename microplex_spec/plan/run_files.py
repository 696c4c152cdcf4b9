"""Reading the files of a run folder: one that is missing, unreadable or damaged is a SpecError that names it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..spec.errors import RUNS_LIE, Problem, SpecError

SWEEP_CALL = "call.json"
"""In the folder of a sweep: how it was called."""

# What every manifest holds from its first writing on.
_MANIFEST: dict[str, type] = {
    "status": str,
    "spec": str,
    "seed": int,
    "versions": dict,
    "inputs": list,
    "headline": dict,
    "steps": list,
}


@contextmanager
def reading(path: Path, what: str = "part of a run") -> Iterator[None]:
    """Turn whatever the content of a file can raise (parsers, missing keys, other types) into one SpecError."""
    try:
        yield
    except OSError as error:
        raise SpecError(f"{error.filename or path} is no {what}: {error.strerror or error}") from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        told = str(error).strip().splitlines() or [type(error).__name__]
        why = f"it lacks {told[0]}" if isinstance(error, KeyError) else told[0]
        raise SpecError(f"{path} is no {what}, or damaged: {why}") from None


def read_object(path: Path) -> dict[str, Any]:
    """A JSON file that holds one object."""
    with reading(path):
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("it does not hold an object")
        return content


def read_manifest(run: Path) -> dict[str, Any]:
    """The manifest of a run, finished or not; SpecError where the folder holds none, or a damaged one."""
    path = run / "manifest.json"
    if not path.exists() and (run / "plan.json").is_file():
        raise SpecError(Problem(f"{run} has no manifest.json", hint=f"it was killed early; {way_on(run)}"))
    if not path.exists():
        raise SpecError(Problem(f"{run} is no run folder: it has no manifest.json", hint=RUNS_LIE))
    content = read_object(path)
    wrong = [name for name, kind in _MANIFEST.items() if not isinstance(content.get(name), kind)]
    if wrong:
        raise SpecError(f"{path} is no part of a run, or damaged: it does not tell its {', '.join(wrong)}")
    return content


def way_on(run: Path) -> str:
    """How to go on with a run that is not whole; with its sweep, where it is a member, since others may lack too."""
    if (run.parent / SWEEP_CALL).is_file():
        return f"go on with: microplex-spec build -m --resume {run.parent}"
    return f"go on with: microplex-spec resume {run}"
