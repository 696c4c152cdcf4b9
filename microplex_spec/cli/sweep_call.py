"""What is wrong with the objective of a sweep, told before a folder is made or a night spent on it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ..compare.leaderboard import BENCHMARK
from ..compare.leaderboard import METRICS as COMPARED
from ..spec.checks import HIGHER, LOWER, METRICS
from ..spec.errors import Problem, SpecError, did_you_mean
from ..spec.load import load_spec
from ..spec.model import Spec
from ..spec.project import Project
from .arguments import hydra_faults


def refuse_wrong_objective(project: Project, arguments: list[str]) -> None:
    """SpecError for an objective that no member could have, or that the sweeper would drive the wrong way.

    What cannot be composed without its sweeper, or read, is left to the members: they tell it one by one.
    """
    from hydra import compose, initialize_config_dir

    overrides, swept = _of_first_member(arguments)
    try:
        with hydra_faults(), initialize_config_dir(config_dir=str(project.conf), version_base="1.3"):
            config = compose("build", overrides=overrides, return_hydra_config=True)
            objective, name, sweeper = str(config.objective), str(config.spec), config.hydra.sweeper
    except SpecError:
        return
    swept |= {str(key).lstrip("+") for key in sweeper.get("params") or ()}
    if "objective" in swept:
        return
    if objective not in {*METRICS, *COMPARED} and "spec" not in swept:
        spec = None
        with suppress(SpecError):
            spec = load_spec(name, project)
        if spec is not None:
            refuse_unknown_objective(objective, spec)
    if "direction" in sweeper:
        direction = getattr(sweeper.direction, "name", sweeper.direction)
        _refuse_wrong_direction(objective, str(direction))


def refuse_unknown_objective(name: str, spec: Spec) -> None:
    """SpecError for an objective that no run of the spec could have."""
    known = [*METRICS, *COMPARED, *(f"{BENCHMARK}{benchmark.id}" for benchmark in spec.benchmarks)]
    if name not in known:
        raise SpecError(Problem(f"objective {name!r} is no figure of a run", hint=did_you_mean(name, known)))


def refuse_other_run(member: Path, wanted: list[str], searches: bool) -> None:
    """SpecError where a member's folder holds a run that was built with other overrides than this job's.

    Taken for the job's own, it would tell the figures of other choices.
    """
    from omegaconf import OmegaConf

    if not (member / "plan.json").is_file():
        return
    kept = member / ".hydra" / "overrides.yaml"
    held = [str(text) for text in OmegaConf.to_container(OmegaConf.load(kept)) or ()] if kept.is_file() else None
    if held == wanted:
        return
    hint = (
        "give the sampler a seed (hydra.sweeper.sampler.seed=1), by which a search repeats itself, "
        "or start the search anew: members share the store"
        if searches
        else "name another hydra.sweep.dir, and a hydra.sweep.subdir that tells jobs apart"
    )
    told = "overrides that were not kept" if held is None else " ".join(held) or "no overrides"
    raise SpecError(Problem(f"{member} holds a run of {told}, which is not {' '.join(wanted)}", hint=hint))


def _refuse_wrong_direction(objective: str, direction: str) -> None:
    """SpecError where a sweeper would look for the worst. Figures that are better neither way go either way."""
    metric = COMPARED.get(objective)
    higher = metric.higher if metric else objective in HIGHER
    lower = not metric.higher if metric else objective in LOWER or objective.startswith(BENCHMARK)
    right = "maximize" if higher else "minimize" if lower else direction
    if direction in ("minimize", "maximize") and direction != right:
        hint = f"give hydra.sweeper.direction={right}"
        raise SpecError(
            Problem(
                f"the sweeper would {direction} {objective}, which is better {'high' if higher else 'low'}", hint=hint
            )
        )


def _of_first_member(arguments: list[str]) -> tuple[list[str], set[str]]:
    """The overrides with the first of each choice in place of all, and the names that are swept over.

    A range without a first value, such as an interval, is left out.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    made, swept = [], set()
    for text in (text for text in arguments if (not text.startswith("-") and "=" in text) or text.startswith("~")):
        try:
            override = OverridesParser.create().parse_override(text)
        except HydraException:
            continue
        if not override.is_sweep_override():
            made.append(text)
            continue
        swept.add(override.key_or_group)
        if override.is_discrete_sweep():
            made.append(f"{override.get_key_element()}={next(override.sweep_string_iterator())}")
    return made, swept
