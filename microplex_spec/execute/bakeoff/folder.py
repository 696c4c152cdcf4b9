"""The folder of a bakeoff: what was declared, and the results so far, one line a job that outlives a kill."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...spec.bakeoffs import Bakeoff
from ...spec.errors import Place, Problem, SpecError, did_you_mean
from ...spec.project import Project
from ...spec.record import as_read
from ..run_folder import new_folder, this_second
from .work import Job

DECLARED, RESULTS = "bakeoff.json", "results.jsonl"


@dataclass(frozen=True)
class BakeoffFolder:
    """runs/bakeoffs/<id>: bakeoff.json, results.jsonl, and what is made of them."""

    path: Path

    @classmethod
    def new(cls, project: Project, bakeoff: Bakeoff, files: Mapping[str, str]) -> BakeoffFolder:
        """A folder that nobody else has. files: content of what the rows are read from."""
        folder = cls(new_folder(project.bakeoffs, f"{bakeoff.name}-{this_second()}"))
        declared = {"bakeoff": bakeoff.model_dump(mode="json", by_alias=True), "files": dict(files)}
        (folder.path / DECLARED).write_text(json.dumps(declared, indent=1) + "\n", encoding="utf-8")
        return folder

    @classmethod
    def find(cls, project: Project, name: str) -> BakeoffFolder:
        """The folder of an earlier bakeoff; SpecError where there is none."""
        folder = project.bakeoffs / name
        if not (folder / DECLARED).is_file():
            known = [path.parent.name for path in project.bakeoffs.glob(f"*/{DECLARED}")]
            raise SpecError(Problem(f"no bakeoff {name!r} under runs/bakeoffs", hint=did_you_mean(name, known)))
        return cls(folder)

    @property
    def id(self) -> str:
        return self.path.name

    def declared(self) -> tuple[Bakeoff, dict[str, str]]:
        """The bakeoff as it was called, and the content of its files then."""
        path = self.path / DECLARED
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return Bakeoff.model_validate(as_read(content["bakeoff"])), content["files"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SpecError(f"{path} cannot be read: {error}") from None

    def append(self, line: Mapping[str, Any]) -> None:
        """Add one line and see it on the disk before going on."""
        with (self.path / RESULTS).open("a+b") as stream:
            stream.truncate(_whole(self.path / RESULTS))
            stream.write((json.dumps(_plain(line)) + "\n").encode())
            stream.flush()
            os.fsync(stream.fileno())

    def results(self) -> dict[Job, dict[str, Any]]:
        """The last line of each job, in the order of the jobs; a line that a kill cut off is none.

        Raises SpecError, with its place, for any other line that cannot be read.
        """
        path, found = self.path / RESULTS, {}
        if not path.is_file():
            return {}
        for number, text in enumerate(path.read_bytes()[: _whole(path)].split(b"\n")[:-1], 1):
            try:
                line = json.loads(text)
                found[Job(line["scale"], line["seed"], line["kind"], line["name"])] = line
                _ = line["variables"] if line["status"] == "done" else line["error"]
            except (ValueError, KeyError, TypeError) as error:
                place = Place(f"runs/bakeoffs/{self.id}/{RESULTS}", number)
                hint = "delete the line, and --resume does its job again"
                raise SpecError(Problem(f"no line of results: {_told(error)}", place, hint)) from None
        return found

    def done(self) -> set[Job]:
        return {job for job, line in self.results().items() if line["status"] == "done"}


def _whole(path: Path) -> int:
    """Bytes up to the end of the last whole line."""
    return path.read_bytes().rfind(b"\n") + 1


def _told(error: Exception) -> str:
    return f"it lacks {error}" if isinstance(error, KeyError) else str(error)


def _plain(value: Any) -> Any:
    """Figures as JSON has them: no figure is null."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
