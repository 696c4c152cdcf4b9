"""plan --measure: the spec's own steps run at two small sizes, from which this machine's coefficients are solved."""

from __future__ import annotations

import tempfile
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from ..plan import Plan
from ..spec.choices import Choices, Scale
from ..spec.cost import shipped_costs
from ..spec.errors import SpecError
from ..spec.model import Spec
from ..spec.project import Project
from .costs import costs_path, past_run, write_costs
from .fit_costs import fit_costs
from .profile import profile_sources

# Households of the base and of each donor in the larger of two runs; the smaller takes a sixth.
LARGEST_BASE, LARGEST_DONOR, SMALLER = 12_000, 20_000, 6


def measure(spec: Spec, choices: Choices) -> Path:
    """Build the spec at two small sizes in a process of its own, and write what the steps took; the file written.

    Nothing is left but this file. Raises SpecError where no step comes to an end.
    """
    with tempfile.TemporaryDirectory(prefix="microplex-measure-") as folder:
        runs = [Path(folder) / str(number) / "run" for number in range(2)]
        chosen = [
            choices.model_copy(update={"scale": scale, "spec": str(spec.folder)}) for scale in _scales(spec, choices)
        ]
        # One process for both, the larger last: what only the first of two sizes pays is what libraries take.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            for run, choice in zip(runs, chosen, strict=True):
                try:
                    pool.submit(build, spec.project.root, choice.model_dump(), run).result()
                except BrokenProcessPool:
                    raise SpecError("the process that measured died: is memory short?") from None
        steps = [past.taken for run in runs for past in past_run(run)]
    if not steps:
        raise SpecError("nothing could be measured: no step of the spec came to an end at small size")
    return write_costs(spec.project, fit_costs([steps], shipped_costs()))


def learn(project: Project, run: Path) -> Path | None:
    """Take the coefficients from a whole first build where nothing was measured on this machine yet; the file written.

    A build that reused steps, or in which some failed, tells too little and changes nothing.
    """
    if costs_path(project).exists():
        return None
    steps = past_run(run)
    if len(steps) < len(Plan.read(run / "plan.json").steps):
        return None
    return write_costs(project, fit_costs([[past.taken for past in steps]], shipped_costs()))


def _scales(spec: Spec, choices: Choices) -> list[Scale]:
    """A smaller and a larger size, the larger at most what the sources hold."""
    root = spec.entities.root
    rows = {name: profile.rows[root] for name, profile in profile_sources(spec).items()}
    base = min(LARGEST_BASE, rows.pop(spec.settings.base))
    donor = min(LARGEST_DONOR, max(rows.values(), default=LARGEST_DONOR))
    sizes = [(max(1, base // SMALLER), max(1, donor // SMALLER)), (base, donor)]
    return [Scale(name="measure", households=few, donor_households=many) for few, many in sizes]


def build(root: Path, choices: dict[str, object], run: Path) -> None:
    """One build at `run`, with an empty store beside it and the project's cache."""
    from ..compile import compile_spec
    from ..compile.resources import budget_of
    from ..spec.load import load_spec
    from ..spec.registry import ENGINES
    from .runner import execute

    project, chosen = Project(root), Choices.model_validate(choices)
    spec = load_spec(chosen.spec, project)
    engines = {name: ENGINES.load(name)(project.cache) for name in ENGINES.names()}
    plan = compile_spec(spec, chosen, profile_sources(spec), budget_of(chosen.resources), engines.__getitem__)
    own = Project(run.parent)
    own.runs.mkdir(parents=True)
    own.cache.symlink_to(project.cache.resolve(), target_is_directory=True)
    run.mkdir()
    execute(plan, run, project=own)
