"""build: compile the plan of a spec and run it; under @hydra.main, so that overrides, -m and --cfg job work."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..execute.manifest import BUILT
from ..spec.errors import Problem, SpecError
from ..spec.project import Project, find_project
from .arguments import Parser, hydra_faults
from .finish import exit_code, finish
from .sweep import FAULT, FLAGS, Sweep, earlier_sweep, keep_call, new_sweep, objective, status
from .sweep_call import refuse_other_run, refuse_unknown_objective, refuse_wrong_objective

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from ..execute.runner import RunResult


# Options of Hydra that only show something: they make no sweep.
FLAGS_THAT_SHOW = frozenset({"--cfg", "-c", "--info", "-i", "--help", "-h", "--hydra-help"})


def run(arguments: list[str]) -> int:
    """Hand the call to Hydra, which runs one build, or one for each member of a sweep."""
    project, arguments, resumed = _project(arguments)
    sweep: Sweep | None = None
    if resumed is not None:
        sweep, arguments = earlier_sweep(project, resumed, arguments)
    elif not FLAGS.isdisjoint(arguments):
        if not FLAGS_THAT_SHOW.isdisjoint(arguments):
            raise SpecError(Problem("what only shows something makes no sweep", hint="leave -m out"))
        called = arguments
        refuse_wrong_objective(project, called)
        sweep, arguments = new_sweep(project, arguments)
        keep_call(sweep, called)
    import hydra

    outcomes: list[RunResult] = []
    faults: list[SpecError] = []

    @hydra.main(config_path=str(project.conf), config_name="build", version_base="1.3")
    def job(config: DictConfig) -> float | None:
        if sweep is None:
            # Hydra would put a line of its own before what is told of a fault.
            try:
                outcomes.append(build(project, config, None))
            except SpecError as error:
                faults.append(error)
            return None
        member = _sweep_folder(project)
        # Raised, not noted: the folder is another job's, and a search with figures of others is none.
        refuse_other_run(member, _overrides(), searches=_searches())
        # Hydra would tell a fault as a traceback, and end a sweep at its first one.
        try:
            if status(member) not in BUILT:
                (member / FAULT).unlink(missing_ok=True)
                build(project, config, member)
        except Exception as error:
            sweep.fault(member, error)
        if status(member) not in BUILT:
            return _worst()
        try:
            return objective(member, config.objective)
        except SpecError as error:
            print(f"member {member.name}: {error}", file=sys.stderr)
            return _worst()

    try:
        with hydra_faults(), _call_of_hydra(arguments):
            job()
    except SpecError:
        if sweep is not None:
            sweep.discard_if_empty()
        raise
    except Exception as error:
        if sweep is None:
            raise
        # Faults of members are told above; this is one of the sweeper or the launcher.
        sweep.discard_if_empty()
        raise SpecError(f"the sweep ended early: {type(error).__name__}: {error}") from error
    if sweep is not None:
        return sweep.finish(project)
    if faults:
        raise faults[0]
    return max((exit_code(outcome) for outcome in outcomes), default=0)


def build(project: Project, config: DictConfig, member: Path | None) -> RunResult:
    """One build: choices, spec, plan, run folder, run. member: the folder that a sweep gives it.

    A member that was begun before goes on by the plan that it left.
    """
    from omegaconf import OmegaConf

    from ..execute.measure import learn
    from ..execute.planning import compile_plan
    from ..execute.progress import progress
    from ..execute.run_folder import claim_run_folder, new_run_folder
    from ..execute.runner import execute
    from ..plan import Plan
    from ..spec.choices import read_choices
    from ..spec.load import load_spec

    choices = read_choices(dict(OmegaConf.to_container(config, resolve=True)))  # type: ignore[arg-type]
    _refuse_ray_in_ray(choices.executor.name)
    if member and (member / "plan.json").is_file():
        folder, plan = member, Plan.read(member / "plan.json")
    else:
        spec = load_spec(choices.spec, project)
        refuse_unknown_objective(choices.objective, spec)
        plan = compile_plan(spec, choices)
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


def _project(arguments: list[str]) -> tuple[Project, list[str], str | None]:
    """The project, the arguments without the options that Hydra does not know, and the sweep to go on with."""
    made = Parser(prog="microplex-spec build", description=__doc__, add_help=False, allow_abbrev=False)
    made.add_argument("--project", metavar="DIR", help="the project's folder (default: found upward from here)")
    made.add_argument("--select", metavar="EXPR", help="name, +name with all it needs, name+ with all that needs it")
    made.add_argument("--resume", metavar="SWEEP", help="with -m: build only what a sweep, by name or folder, lacks")
    options, rest = made.parse_known_args(arguments)
    if options.select is not None:
        # Hydra knows no --select; quoted, since a selection may hold commas and spaces.
        rest.append("select='" + options.select.replace("'", "\\'") + "'")
    return find_project(given=options.project), rest, options.resume


def _refuse_ray_in_ray(executor: str) -> None:
    """A launcher that runs sweep members on ray leaves no cores for an executor that runs their tasks on ray."""
    from hydra.core.hydra_config import HydraConfig

    launcher = str(HydraConfig.get().launcher.get("_target_", ""))
    if executor == "ray" and "ray" in launcher.lower():
        raise SpecError(Problem("executor=ray under a ray launcher would wait for itself", hint="use executor=serial"))


def _overrides() -> list[str]:
    """What this job is built with, beside the defaults."""
    from hydra.core.hydra_config import HydraConfig

    return [str(text) for text in HydraConfig.get().overrides.task]


def _searches() -> bool:
    """Whether the sweeper chooses the next members by the figures of those before."""
    from hydra.core.hydra_config import HydraConfig

    return "direction" in HydraConfig.get().sweeper


def _worst() -> float:
    """What a member without a figure returns: a sweeper that optimises refuses NaN, and with it the whole sweep."""
    from hydra.core.hydra_config import HydraConfig

    maximises = _searches() and HydraConfig.get().sweeper.direction == "maximize"
    return -math.inf if maximises else math.inf


def _sweep_folder(project: Project) -> Path:
    """The folder that a sweep gives this member."""
    from hydra.core.hydra_config import HydraConfig

    hydra = HydraConfig.get()
    return project.root / hydra.sweep.dir / hydra.sweep.subdir


def _write_hydra(config: DictConfig, folder: Path) -> None:
    """What Hydra composed, and the overrides that led there."""
    from omegaconf import OmegaConf

    folder.mkdir(exist_ok=True)
    OmegaConf.save(config, folder / "config.yaml")
    OmegaConf.save(OmegaConf.create(_overrides()), folder / "overrides.yaml")
