"""resume: go on with a run that was killed or failed, by its stored plan; nothing is composed or compiled again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..plan.run_files import read_manifest
from ..spec.errors import Problem, SpecError
from .arguments import Parser, project_of


def run(arguments: list[str]) -> int:
    made = Parser(prog="microplex-spec resume", description=__doc__)
    made.add_argument("run", metavar="RUN", help="a run folder")
    made.add_argument("--project", metavar="DIR", help="the project's folder (default: found upward from the run)")
    made.add_argument("--accept", action="store_true", help="go on although a library's version differs")
    made.add_argument("--executor", default="serial", help="where tasks run: serial, joblib (default: serial)")
    options = made.parse_args(arguments)
    folder = Path(options.run).resolve()

    from ..execute.progress import progress
    from ..execute.runner import execute
    from ..plan import Plan
    from ..spec.choices import BackendChoice
    from .finish import finish

    plan = Plan.read(folder / "plan.json")
    began = _manifest(folder)
    if not options.accept:
        refuse_other_versions(began.get("versions", {}))
    project = project_of(options.project, start=folder)
    with progress(plan) as listener:
        executor = BackendChoice(name=options.executor)
        result = execute(
            plan, folder, project=project, executor=executor, store=began.get("store"), listeners=(listener,)
        )
    return finish(result, project)


def _manifest(folder: Path) -> dict[str, Any]:
    """What the run had noted of itself; nothing where it was killed before its first word."""
    try:
        return read_manifest(folder)
    except SpecError:
        return {}


def refuse_other_versions(began: dict[str, str]) -> None:
    """SpecError that lists every library whose version is not the one that the run began with."""
    from ..execute.versions import versions

    now = versions()
    differing = [
        Problem(f"the run began with {name} {before}, here is {now.get(name, 'none')}")
        for name, before in began.items()
        if now.get(name) != before
    ]
    if differing:
        hint = "give --accept to go on, or build anew"
        raise SpecError([*differing[:-1], Problem(differing[-1].message, hint=hint)])
