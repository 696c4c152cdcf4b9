"""The two sides of a comparison as a call names them: a run folder, a spec, or a spec as it was at a git revision."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..spec.choices import Choices, read_choices
from ..spec.errors import Problem, SpecError, did_you_mean
from ..spec.load import load_spec
from ..spec.project import Project, find_project

if TYPE_CHECKING:
    from ..execute.comparing import Side


@contextmanager
def resolve_sides(old: str, new: str, project: Project, choices: Choices | None) -> Iterator[tuple[Side, Side]]:
    """Both sides; a spec beside a run is planned with the run's choices, unless `choices` says otherwise.

    Raises SpecError for what is neither a run, a spec, nor a spec at a revision.
    """
    from ..execute.lock_file import read_lock

    locks = [Path(text) / "spec.lock.yaml" for text in (old, new) if _is_run(Path(text))]
    if choices is None and len(locks) == 1:
        choices = read_choices(read_lock(locks[0])["choices"]).model_copy(update={"store": None})
    with ExitStack() as stack:
        first, second = (_side(text, project, choices, stack) for text in (old, new))
        yield first, second


def _is_run(path: Path) -> bool:
    return any((path / name).is_file() for name in ("manifest.json", "plan.json"))


def _side(text: str, project: Project, choices: Choices | None, stack: ExitStack) -> Side:
    from ..execute.comparing import run_side, spec_side

    if _is_run(Path(text)):
        return run_side(Path(text), text)
    if not (Path(text) / "spec.yaml").is_file() and ":" in text:
        revision, _, path = text.partition(":")
        if not revision or not path:
            raise SpecError(Problem(f"{text!r} names no spec at a revision", hint="write GIT_REV:NAME, HEAD~1:us, say"))
        then = stack.enter_context(_checkout(project, revision))
        return spec_side(load_spec(_then(project, then, path, revision), then), choices, text)
    if (Path(text) / "multirun.yaml").is_file():
        raise SpecError(Problem(f"{text} is the folder of a sweep", hint="name one of its runs"))
    return spec_side(load_spec(text, _project_of(Path(text), project)), choices, text)


def _project_of(path: Path, default: Project) -> Project:
    """The project that a spec's folder lies in, which may be another copy of this one."""
    try:
        return find_project(path) if (path / "spec.yaml").is_file() else default
    except SpecError:
        return default


def _then(now: Project, then: Project, path: str, revision: str) -> str:
    """A spec's folder at a revision, from its name or its folder as it is called today; SpecError if it lacks there."""
    inside = now.shown(Path(path)) if (Path(path) / "spec.yaml").is_file() else path
    for folder in (then.root / inside, then.conf / "specs" / inside):
        if (folder / "spec.yaml").is_file() and folder.resolve().is_relative_to(then.root.resolve()):
            return str(folder)
    known = sorted(found.parent.name for found in (then.conf / "specs").glob("*/spec.yaml"))
    hint = did_you_mean(Path(path).name, known)
    raise SpecError(Problem(f"revision {revision!r} holds no spec {path!r}", hint=hint))


@contextmanager
def _checkout(project: Project, revision: str) -> Iterator[Project]:
    """The project's conf and targets as they were at a revision, in a folder that goes with the comparison."""
    listed = _git(project, "ls-tree", "--name-only", revision, "--", "conf", "targets").decode().split()
    if len(listed) < 2:
        raise SpecError(f"revision {revision!r} has no folders conf and targets here")
    packed = _git(project, "archive", "--format=tar", revision, "--", "conf", "targets")
    with tempfile.TemporaryDirectory(prefix="microplex-diff-") as folder:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        then = Project(Path(folder))
        # Profiles are kept by content, so those of today's sources serve the older spec too; checks name runs.
        project.runs.mkdir(exist_ok=True)
        then.runs.symlink_to(project.runs.resolve(), target_is_directory=True)
        yield then


def _git(project: Project, *words: str) -> bytes:
    try:
        done = subprocess.run(["git", *words], cwd=project.root, capture_output=True, check=False)
    except FileNotFoundError:
        raise SpecError("git is not installed, so that no revision can be read") from None
    if done.returncode:
        raise SpecError(f"git: {done.stderr.decode(errors='replace').strip().splitlines()[0]}")
    return done.stdout
