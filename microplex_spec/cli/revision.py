"""A project as it was at a git revision, laid out in a folder of its own, with the data that its specs read."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..spec.errors import Problem, SpecError, did_you_mean
from ..spec.project import Project
from ..spec.yaml_reader import read_yaml


@dataclass(frozen=True)
class Revision:
    """The project now and then. mirror: the folder that stands for / then, so that ../ leads where it does now."""

    name: str
    now: Project
    then: Project
    mirror: Path

    def spec_folder(self, path: str) -> Path:
        """A spec's folder then, from its name or its folder as it is called now; SpecError if it lacks there."""
        inside = self.now.shown(Path(path)) if (Path(path) / "spec.yaml").is_file() else path
        for folder in (self.then.root / inside, self.then.conf / "specs" / inside):
            if (folder / "spec.yaml").is_file() and folder.resolve().is_relative_to(self.then.root):
                return folder.resolve()
        known = sorted(found.parent.name for found in (self.then.conf / "specs").glob("*/spec.yaml"))
        hint = did_you_mean(Path(path).name, known)
        raise SpecError(Problem(f"revision {self.name!r} holds no spec {path!r}", hint=hint))

    def add_data(self, folder: Path) -> list[str]:
        """Lay out the data that a spec names: of the revision, else as they are now; the names of the latter."""
        as_now = []
        for name in dict.fromkeys(_named_files(self.then, folder)):
            then = Path(os.path.normpath(folder / name))
            now = self._as_now(then)
            if now == then:
                as_now += [str(now)] if _is_file(now) else []
            elif _is_file(then):
                continue
            elif inside := self._held.get(str(now)):
                # Through the filters of a checkout, which put large files in the place of their pointers.
                _laid_out(then).write_bytes(_git(self.now, "cat-file", "--filters", f"{self.name}:{inside}"))
            elif _is_file(now):
                _laid_out(then).symlink_to(now)
                as_now.append(self.now.shown(now))
        return as_now

    @contextmanager
    def named_as_now(self) -> Iterator[None]:
        """Let faults name files where they lie in the project, and not where they are laid out."""
        try:
            yield
        except SpecError as error:
            mirror = str(self.mirror)
            raise SpecError(
                Problem(problem.message.replace(mirror, ""), problem.place, problem.hint.replace(mirror, ""))
                for problem in error.problems
            ) from None

    def _as_now(self, path: Path) -> Path:
        """A path of the mirror as it is now; one that a spec names from / is the same then and now."""
        return Path("/", path.relative_to(self.mirror)) if path.is_relative_to(self.mirror) else path

    @cached_property
    def _held(self) -> dict[str, str]:
        """What the revision holds: a file's path of now -> its path in the repository. Links are left out."""
        top = _git(self.now, "rev-parse", "--show-toplevel").decode().removesuffix("\n")
        rows = _git(self.now, "ls-tree", "-r", "-z", "--full-tree", self.name).decode(errors="replace").split("\0")
        names = [row.partition("\t")[2] for row in rows if row.startswith("100")]
        return {os.path.normpath(f"{top}/{name}"): name for name in names}


@contextmanager
def at_revision(project: Project, name: str) -> Iterator[Revision]:
    """The project's conf and targets as they were at a revision, in a folder that goes with the comparison."""
    listed = _git(project, "ls-tree", "--name-only", name, "--", "conf", "targets").decode().split()
    if len(listed) < 2:
        raise SpecError(f"revision {name!r} has no folders conf and targets here")
    packed = _git(project, "archive", "--format=tar", name, "--", "conf", "targets")
    with tempfile.TemporaryDirectory(prefix="microplex-diff-") as made:
        mirror = Path(made).resolve()
        root = mirror.joinpath(*project.root.resolve().parts[1:])
        root.mkdir(parents=True)
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(root, filter=_inside)
        # Profiles are kept by content, so those of today's sources serve the older spec too; checks name runs.
        project.runs.mkdir(exist_ok=True)
        (root / "runs").symlink_to(project.runs.resolve(), target_is_directory=True)
        yield Revision(name, project, Project(root), mirror)


def _inside(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """A member of the archive; None for a link that leads out of the folder."""
    try:
        return tarfile.data_filter(member, folder)
    except (tarfile.AbsoluteLinkError, tarfile.LinkOutsideDestinationError):
        return None


def _named_files(project: Project, folder: Path) -> Iterator[str]:
    """Every text by which a spec may name a file of data: of a reader's parameters, or of the growth factors."""
    for file in ("sources.yaml", "spec.yaml"):
        if (folder / file).is_file():
            data = read_yaml(folder / file, project.shown(folder / file)).data
            objects = [data, *data.values()] if isinstance(data, dict) else []
            for part in filter(lambda part: isinstance(part, dict), objects):
                yield from _texts([part.get("params"), part.get("uprating")])


def _is_file(path: Path) -> bool:
    """Whether a path, which may be any text of a spec, is a file; of a text too long for one pathlib would raise."""
    return os.path.isfile(path)  # noqa: PTH113


def _laid_out(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    return path


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    for inner in data.values() if isinstance(data, dict) else data if isinstance(data, list | tuple) else ():
        yield from _texts(inner)


def _git(project: Project, *words: str) -> bytes:
    try:
        done = subprocess.run(["git", *words], cwd=project.root, capture_output=True, check=False)
    except FileNotFoundError:
        raise SpecError("git is not installed, so that no revision can be read") from None
    if done.returncode:
        raise SpecError(f"git: {done.stderr.decode(errors='replace').strip().splitlines()[0]}")
    return done.stdout
