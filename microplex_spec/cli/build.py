"""build: compile the plan of a spec and run it; under @hydra.main, so that overrides, -m and --cfg job work."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..spec.choices import read_choices
from ..spec.errors import Problem, SpecError
from ..spec.project import Project, find_project

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from ..execute.runner import RunResult


def run(arguments: list[str]) -> int:
    """Hand the call to Hydra, which runs one build, or one for each member of a sweep."""
    project, arguments = _project(arguments)
    import hydra

    outcomes: list[RunResult] = []
    faults: list[Problem] = []

    @hydra.main(config_path=str(project.conf), config_name="build", version_base="1.3")
    def job(config: DictConfig) -> None:
        # Hydra would tell a fault as a traceback, and end a sweep at its first one.
        try:
            outcomes.append(build(project, config))
        except SpecError as error:
            faults.extend(error.problems)

    before = sys.argv
    sys.argv = ["microplex-spec build", *arguments]
    try:
        job()
    finally:
        sys.argv = before
    if faults:
        raise SpecError(faults)
    return 1 if any(outcome.status == "failed" for outcome in outcomes) else 0


def build(project: Project, config: DictConfig) -> RunResult:
    """One build: choices, spec, plan, run folder, run."""
    from omegaconf import OmegaConf

    from ..execute.lock import write_lock
    from ..execute.planning import compile_plan
    from ..execute.progress import progress
    from ..execute.run_folder import claim_run_folder, new_run_folder
    from ..execute.runner import execute
    from ..execute.store import Store
    from ..report import write_report
    from ..spec.load import load_spec

    choices = read_choices(dict(OmegaConf.to_container(config, resolve=True)))  # type: ignore[arg-type]
    spec = load_spec(choices.spec, project)
    plan = compile_plan(spec, choices)
    member = _sweep_folder(project)
    folder = claim_run_folder(member) if member else new_run_folder(project.runs, plan)
    write_lock(spec, choices, folder / "spec.lock.yaml")
    _write_hydra(config, folder / ".hydra")
    with progress(plan) as listener:
        result = execute(plan, folder, Store(project.store), project.cache, choices.executor.name, (listener,))
    if result.status == "failed":
        # The report is a step like others, so a failure before it would leave none.
        write_report(folder, folder / "report.html")
    _tell(result, project)
    return result


def _project(arguments: list[str]) -> tuple[Project, list[str]]:
    """The project, and the arguments without --project, which Hydra does not know."""
    rest, given = list(arguments), None
    if "--project" in rest:
        at = rest.index("--project")
        if at + 1 >= len(rest):
            raise SpecError("--project needs a folder")
        given = rest[at + 1]
        del rest[at : at + 2]
    return find_project(given=given), rest


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


def _tell(result: RunResult, project: Project) -> None:
    """Where the results lie, and the figures that sum them up."""
    headline: dict[str, Any] = result.headline
    print()
    for step, error in result.failures.items():
        print(f"failed: {step}: {error}", file=sys.stderr)
    if headline:
        print(_line("fit targets within 10 %", headline["fit_within_10pct"], f"of {headline['targets_fitted']}"))
        print(_line("median error, held out", headline["holdout_median_error"]))
        print(_line("effective sample size", headline["ess_share"], "of households"))
        for name, error in headline["benchmarks"].items():
            print(_line(f"benchmark {name}", error, sign=True))
    for name in ("report.html", "population.h5", "targets.csv"):
        if (result.folder / name).exists():
            print(f"{name:<16}{project.shown(result.folder / name)}")


def _line(label: str, share: float | None, rest: str = "", sign: bool = False) -> str:
    text = "none" if share is None else f"{share:+.1%}" if sign else f"{share:.1%}"
    return f"{label:<28}{text:>8} {rest}".rstrip()
