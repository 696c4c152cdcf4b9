"""What could stand at the cursor of a shell: answered by the parser of the command, without running anything.

argcomplete reads the line that was typed and prints what fits.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import argcomplete

from ..spec.errors import SpecError
from ..spec.project import Project, find_project
from ..spec.yaml_reader import read_yaml

# Newest first; who wants an older one types its beginning.
_MOST_RUNS = 50


def answer(parser: argparse.ArgumentParser) -> None:
    """Print what could stand at the cursor, and leave the program."""
    completers = dict(_COMPLETERS)
    if parser.prog.endswith(" build"):
        _add_hydra(parser)
    if parser.prog.endswith(" targets"):
        completers["overrides"] = lambda **given: ["add", *_overrides(**given)]
    for action in _actions(parser):
        completer = completers.get(action.dest)
        if completer is not None:
            action.completer = completer  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser, always_complete_options="long")


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _actions(inner)


def _add_hydra(parser: argparse.ArgumentParser) -> None:
    """The options that `build` leaves to Hydra."""
    parser.add_argument("-m", "--multirun", action="store_true")
    parser.add_argument("--cfg", choices=("job", "hydra", "all"))
    parser.add_argument("overrides", nargs="*")


def _project(parsed: Any) -> Project | None:
    try:
        return find_project(given=getattr(parsed, "project", None))
    except SpecError:
        return None


def _overrides(prefix: str, parsed_args: Any, **_: Any) -> Iterable[str]:
    """key=value: the settings of build.yaml, the options of each group, the specs; after a comma, one more of them."""
    project = _project(parsed_args)
    if project is None:
        return []
    key, equals, value = prefix.partition("=")
    plus = "+" if key.startswith("+") else ""
    if not equals:
        settings = _settings(project)
        groups = [f"{'' if name in settings else '+'}{name}" for name in _groups(project)]
        return [f"{name}=" for name in sorted({*groups, *(settings - {"defaults", "hydra"})})]
    known = _specs(project) if key == "spec" else _options(project, key.removeprefix(plus))
    done = value.rpartition(",")[0]
    return [f"{key}={done}{',' if done else ''}{name}" for name in known if name not in done.split(",")]


def _settings(project: Project) -> set[str]:
    """The names that build.yaml sets or chooses a group for."""
    path = project.conf / "build.yaml"
    try:
        data = read_yaml(path, str(path)).data
    except SpecError:
        return set()
    chosen = (name for entry in data.get("defaults", ()) if isinstance(entry, dict) for name in entry)
    return {*data, *(name for name in chosen if " " not in name)}


def _folders(project: Project) -> list[Any]:
    return [project.conf, files("microplex_spec.conf")]


def _groups(project: Project) -> set[str]:
    names = {entry.name for folder in _folders(project) for entry in folder.iterdir() if entry.is_dir()}
    return {name for name in names if name != "specs" and name.isidentifier() and not name.startswith("__")}


def _options(project: Project, group: str) -> list[str]:
    found = (folder / group for folder in _folders(project))
    names = {entry.name for folder in found if folder.is_dir() for entry in folder.iterdir()}
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def _specs(project: Project) -> list[str]:
    return sorted(path.parent.name for path in (project.conf / "specs").glob("*/spec.yaml"))


def _runs(parsed_args: Any, **_: Any) -> list[str]:
    """Run folders, newest first, as one would type them from here."""
    project = _project(parsed_args)
    if project is None:
        return []
    found = [path.parent for path in project.runs.glob("*/*/plan.json")]
    found += [path.parent for path in project.runs.glob("sweeps/*/*/plan.json")]
    return [_typed(path) for path in sorted(found, key=lambda path: path.name, reverse=True)[:_MOST_RUNS]]


def _sweeps(parsed_args: Any, **_: Any) -> list[str]:
    project = _project(parsed_args)
    return sorted(path.name for path in project.runs.glob("sweeps/*") if path.is_dir()) if project else []


def _folders_of_runs(parsed_args: Any, **_: Any) -> list[str]:
    project = _project(parsed_args)
    sweeps = [_typed(path) for path in project.runs.glob("sweeps/*") if path.is_dir()] if project else []
    return [*sorted(sweeps, reverse=True), *_runs(parsed_args)]


def _sides(parsed_args: Any, **_: Any) -> list[str]:
    project = _project(parsed_args)
    return [*(_specs(project) if project else []), *_runs(parsed_args)]


def _target_files(parsed_args: Any, **_: Any) -> list[str]:
    project = _project(parsed_args)
    return sorted(str(path.relative_to(project.targets)) for path in project.targets.rglob("*.yaml")) if project else []


def _roles(**_: Any) -> tuple[str, ...]:
    from ..spec.targets import Role

    return get_args(Role)


def _units(**_: Any) -> tuple[str, ...]:
    from ..spec.targets import TargetUnit

    return get_args(TargetUnit)


def _typed(path: Path) -> str:
    return os.path.relpath(path)


_COMPLETERS = {
    "overrides": _overrides,
    "run": _runs,
    "resume": _sweeps,
    "folders": _folders_of_runs,
    "old": _sides,
    "new": _sides,
    "file": _target_files,
    "role": _roles,
    "unit": _units,
    "project": argcomplete.DirectoriesCompleter(),
}
