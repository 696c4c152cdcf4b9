"""Sweeps: a folder of their own under runs/sweeps, what became of each member, and going on with what is missing."""

from __future__ import annotations

import json
import math
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..execute.manifest import BUILT, CHECKS_FAILED
from ..execute.run_folder import new_folder, this_second
from ..plan.run_files import SWEEP_CALL as _CALL
from ..plan.run_files import read_manifest, read_object
from ..spec.errors import Problem, SpecError, did_you_mean
from ..spec.project import Project

FLAGS = frozenset({"-m", "--multirun"})
FAULT = "fault.txt"
_FOLDER = "hydra.sweep.dir="


@dataclass(frozen=True)
class Sweep:
    """A sweep's folder; its members lie in it by number. made: by this call, and named by nobody."""

    folder: Path
    made: bool = False

    def fault(self, member: Path, error: Exception) -> None:
        """Note, and tell at once, why a member was not built; the others go on, whatever it was."""
        told = str(error) if isinstance(error, SpecError) else f"{type(error).__name__}: {error}"
        print(f"member {member.name} was not built: {told}", file=sys.stderr)
        member.mkdir(parents=True, exist_ok=True)
        (member / FAULT).write_text(f"{told}\n", encoding="utf-8")

    def discard_if_empty(self) -> None:
        """Take away a folder that this call made and began no member in: the call itself was wrong."""
        if self.made and not self.members():
            shutil.rmtree(self.folder)

    def call(self) -> list[str] | None:
        """How the sweep was called, as it was kept; None where that was not, or is damaged."""
        try:
            called = json.loads((self.folder / _CALL).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return called if isinstance(called, list) and called and all(isinstance(w, str) for w in called) else None

    def members(self) -> list[Path]:
        """The folders of those that were begun; what a launcher keeps for itself is hidden."""
        found = (path for path in self.folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        return sorted(found, key=lambda path: (len(path.name), path.name))

    def finish(self, project: Project) -> int:
        """Tell what became of the members; exit code 2 if some were not built, 1 if some failed, 3 if checks did."""
        members = self.members()
        faulty = [path for path in members if (path / FAULT).is_file()]
        failed = [path for path in members if path not in faulty and status(path) not in BUILT]
        for path in faulty:
            print(f"not built: {path.name}: {(path / FAULT).read_text(encoding='utf-8').strip()}", file=sys.stderr)
        for path in failed:
            print(f"failed: {path.name}: see {project.shown(path / 'report.html')}", file=sys.stderr)
        if faulty:
            print(f"{len(faulty)} of {len(members)} members of the sweep were not built", file=sys.stderr)
        done = len(members) - len(faulty) - len(failed)
        print(f"sweep {self.folder.name}: {done} of {len(members)} done")
        if done:
            print(f"compare them with: microplex-spec compare {project.shown(self.folder)}")
        checked = [path for path in members if status(path) == CHECKS_FAILED]
        for path in checked:
            print(f"a check failed: {path.name}: see {project.shown(path / 'report.html')}", file=sys.stderr)
        return 2 if faulty else 1 if failed else 3 if checked else 0


def new_sweep(project: Project, arguments: list[str]) -> tuple[Sweep, list[str]]:
    """A folder that no other sweep has, though two start in one second, and the arguments that put it to use.

    Raises SpecError for a named folder in which a sweep of another call has members.
    """
    named = [text.removeprefix(_FOLDER) for text in arguments if text.startswith(_FOLDER)]
    called = _without_folder(arguments)
    if named:
        sweep = Sweep(project.root / named[-1].strip("'\""))
        if sweep.call() not in (None, called) and sweep.members():
            shown = project.shown(sweep.folder)
            hint = f"go on with it by build -m --resume {shown}, or name another folder"
            raise SpecError(Problem(f"{shown} holds another sweep: {' '.join(sweep.call() or ())}", hint=hint))
        # Hydra would take a relative folder from where it was called, not from the project's.
        return sweep, _in_folder(sweep.folder, called)
    folder = new_folder(project.runs / "sweeps", this_second())
    return Sweep(folder, made=True), _in_folder(folder, arguments)


def earlier_sweep(project: Project, name: str, arguments: list[str]) -> tuple[Sweep, list[str]]:
    """A sweep to go on with, and the arguments that it was called with; SpecError where there is none of that name."""
    folder = next((path for path in (project.runs / "sweeps" / name, Path(name)) if path.is_dir()), None)
    if folder is None:
        known = [path.name for path in (project.runs / "sweeps").glob("*")]
        raise SpecError(Problem(f"no sweep {name!r} under runs/sweeps", hint=did_you_mean(name, known)))
    given = [text for text in arguments if "=" in text]
    if given:
        raise SpecError(
            Problem(f"a sweep goes on as it was called; {given[0]!r} cannot be added", hint="start a new one")
        )
    sweep = Sweep(folder.resolve())
    called = sweep.call()
    if called is None:
        raise SpecError(f"{folder} is no sweep of build -m: its call was not kept")
    return sweep, _in_folder(sweep.folder, [*called, *arguments])


def keep_call(sweep: Sweep, arguments: list[str]) -> None:
    """Write down how a sweep was called, so that it can be gone on with."""
    sweep.folder.mkdir(parents=True, exist_ok=True)
    (sweep.folder / _CALL).write_text(json.dumps(_without_folder(arguments)) + "\n", encoding="utf-8")


def status(member: Path) -> str:
    """The status that a member's manifest tells, or "" where it has none."""
    return str(_manifest(member).get("status", ""))


def objective(member: Path, name: str) -> float:
    """The figure of a finished run that a sweeper minimises or maximises; of a benchmark the size of its error.

    Raises SpecError for a figure that the run does not have.
    """
    from ..execute.members import read_member

    headline, weights = _manifest(member).get("headline", {}), read_object(member / "weights.json")
    figures: dict[str, Any] = {**weights, **headline, **read_member(member).figures}
    figure = figures.get(name)
    if not isinstance(figure, int | float) or math.isnan(figure):
        raise SpecError(Problem(f"the run has no figure {name!r}", hint=f"see the headline in {member}/manifest.json"))
    return float(figure)


def _manifest(member: Path) -> dict[str, Any]:
    try:
        return read_manifest(member)
    except SpecError:
        return {}


def _without_folder(arguments: list[str]) -> list[str]:
    return [text for text in arguments if not text.startswith(_FOLDER)]


def _in_folder(folder: Path, arguments: list[str]) -> list[str]:
    """The arguments with the override that names the folder, before the others: Hydra wants overrides side by side."""
    quoted = str(folder).replace("'", "\\'")
    first = next((i for i, text in enumerate(arguments) if "=" in text and not text.startswith("-")), len(arguments))
    return [*arguments[:first], f"{_FOLDER}'{quoted}'", *arguments[first:]]
