"""The two sides of a comparison as a call names them: a run folder, a spec, or a spec as it was at a git revision."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..spec.choices import Choices, read_choices
from ..spec.errors import Problem, SpecError
from ..spec.load import load_spec
from ..spec.project import Project, find_project
from .revision import at_revision

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
        then = stack.enter_context(at_revision(project, revision))
        folder = then.spec_folder(path)
        as_now = then.add_data(folder)
        if as_now:
            # To stderr, since --json is read by programs.
            what = f"{text}: data that {revision} does not hold are read as they are now: {', '.join(as_now)}"
            print(what, file=sys.stderr)
        with then.named_as_now():
            return spec_side(load_spec(folder, then.then), choices, text)
    if (Path(text) / "multirun.yaml").is_file():
        raise SpecError(Problem(f"{text} is the folder of a sweep", hint="name one of its runs"))
    return spec_side(load_spec(text, _project_of(Path(text), project)), choices, text)


def _project_of(path: Path, default: Project) -> Project:
    """The project that a spec's folder lies in, which may be another copy of this one."""
    try:
        return find_project(path) if (path / "spec.yaml").is_file() else default
    except SpecError:
        return default
