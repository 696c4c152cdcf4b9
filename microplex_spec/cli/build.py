"""build: compile the plan of a spec and run it; under @hydra.main, so that overrides, -m and --cfg job work."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..spec.choices import read_choices
from ..spec.errors import Problem, SpecError
from ..spec.project import Project, find_project
from .arguments import Parser, hydra_faults
from .finish import finish

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from ..execute.runner import RunResult


def run(arguments: list[str]) -> int:
    """Hand the call to Hydra, which runs one build, or one for each member of a sweep."""
    project, arguments = _project(arguments)
    import hydra

    outcomes: list[RunResult] = []
    faults: list[SpecError] = []

    @hydra.main(config_path=str(project.conf), config_name="build", version_base="1.3")
    def job(config: DictConfig) -> None:
        # Hydra would tell a fault as a traceback, and end a sweep at its first one.
        try:
            outcomes.append(build(project, config))
        except SpecError as error:
            faults.append(error)

    with hydra_faults(), _call_of_hydra(_with_sweeps_in(project, arguments)):
        job()
    if faults and {"-m", "--multirun"} & set(arguments):
        for error in faults:
            print(error, file=sys.stderr)
        print(f"{len(faults)} of {len(faults) + len(outcomes)} members of the sweep were not built", file=sys.stderr)
        return 2
    if faults:
        raise SpecError(problem for error in faults for problem in error.problems)
    return 1 if any(outcome.status == "failed" for outcome in outcomes) else 0


def build(project: Project, config: DictConfig) -> RunResult:
    """One build: choices, spec, plan, run folder, run."""
    from omegaconf import OmegaConf

    from ..execute.measure import learn
    from ..execute.planning import compile_plan
    from ..execute.progress import progress
    from ..execute.run_folder import claim_run_folder, new_run_folder
    from ..execute.runner import execute
    from ..spec.load import load_spec

    choices = read_choices(dict(OmegaConf.to_container(config, resolve=True)))  # type: ignore[arg-type]
    _refuse_ray_in_ray(choices.executor.name)
    spec = load_spec(choices.spec, project)
    plan = compile_plan(spec, choices)
    member = _sweep_folder(project)
    folder = claim_run_folder(member) if member else new_run_folder(project.runs, plan)
    _write_hydra(config, folder / ".hydra")
    with progress(plan) as listener:
        result = execute(
            plan, folder, project=project, executor=choices.executor, store=choices.store, listeners=(listener,)
        )
    if choices.executor.name == "serial":
        learn(project, folder)
    finish(result, project)
    return result


@contextmanager
def _call_of_hydra(arguments: list[str]) -> Iterator[None]:
    """Give Hydra its arguments, and have it raise what is wrong with them, where it would print it and exit with 1."""
    argv, told = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = ["microplex-spec build", *arguments], "1"
    try:
        yield
    finally:
        sys.argv = argv
        if told is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = told


def _with_sweeps_in(project: Project, arguments: list[str]) -> list[str]:
    """The arguments with an override that puts sweeps into the project, wherever the command is called.

    It goes before the other overrides: Hydra wants them side by side, and lets later ones say else.
    """
    folder = str(project.runs / "sweeps").replace("'", "\\'")
    first = next((i for i, text in enumerate(arguments) if "=" in text and not text.startswith("-")), len(arguments))
    return [*arguments[:first], f"hydra.sweep.dir='{folder}/${{now:%Y%m%dT%H%M%S}}'", *arguments[first:]]


def _project(arguments: list[str]) -> tuple[Project, list[str]]:
    """The project, and the arguments without --project, which Hydra does not know."""
    made = Parser(prog="microplex-spec build", add_help=False, allow_abbrev=False)
    made.add_argument("--project")
    made.add_argument("--select")
    options, rest = made.parse_known_args(arguments)
    if options.select is not None:
        # Hydra knows no --select; quoted, since a selection may hold commas and spaces.
        rest.append("select='" + options.select.replace("'", "\\'") + "'")
    return find_project(given=options.project), rest


def _refuse_ray_in_ray(executor: str) -> None:
    """A launcher that runs sweep members on ray leaves no cores for an executor that runs their tasks on ray."""
    from hydra.core.hydra_config import HydraConfig

    launcher = str(HydraConfig.get().launcher.get("_target_", ""))
    if executor == "ray" and "ray" in launcher.lower():
        raise SpecError(Problem("executor=ray under a ray launcher would wait for itself", hint="use executor=serial"))


def _sweep_folder(project: Project) -> Path | None:
    """The folder that a sweep gives this member, or None for a single build."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    hydra = HydraConfig.get()
    if hydra.mode != RunMode.MULTIRUN:
        return None
    return project.root / hydra.sweep.dir / hydra.sweep.subdir


def _write_hydra(config: DictConfig, folder: Path) -> None:
    """What Hydra composed, and the overrides that led there."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    folder.mkdir()
    OmegaConf.save(config, folder / "config.yaml")
    OmegaConf.save(HydraConfig.get().overrides.task, folder / "overrides.yaml")
