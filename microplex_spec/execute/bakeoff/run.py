"""Running a bakeoff: all methods on one split after another, each in its own process, and going on after a kill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby, product
from typing import Any

from ...calibrate import make_calibrator
from ...evaluate.synthesis import fit_judge
from ...impute import make_imputer
from ...impute.gates import GATES
from ...spec.bakeoffs import Bakeoff
from ...spec.errors import Problems, SpecError
from ...spec.project import Project
from ...spec.yaml_reader import Document
from ..run_folder import claim_run
from .apart import Failed, apart
from .chain import Chain
from .folder import BakeoffFolder
from .table import Origin, Table
from .work import REFERENCES, Job, do

type Tell = Callable[[Job, dict[str, Any]], None]


def new_bakeoff(project: Project, bakeoff: Bakeoff, document: Document, tell: Tell) -> BakeoffFolder:
    """Run a bakeoff in a folder of its own. tell: called with each job and its line.

    Raises SpecError, before anything is written, for what the bakeoff names and is not there.
    """
    origin = _checked(project, bakeoff, document)
    table = origin.read()
    _check_scales(bakeoff, table, document)
    folder = BakeoffFolder.new(project, bakeoff, origin.fingerprint())
    _run(folder, bakeoff, table, tell)
    return folder


def resume_bakeoff(project: Project, name: str, tell: Tell) -> BakeoffFolder:
    """Do what an earlier bakeoff lacks: jobs that were not begun, were cut off, or failed. SpecError."""
    folder = BakeoffFolder.find(project, name)
    bakeoff, files = folder.declared()
    if folder.done().issuperset(_jobs(bakeoff)):
        return folder
    document = Document(project.shown(folder.path / "bakeoff.json"))
    origin = _checked(project, bakeoff, document)
    changed = [name for name, content in origin.fingerprint().items() if files.get(name) != content]
    if changed:
        raise SpecError(f"{', '.join(changed)} changed since {folder.id} was begun; start a new bakeoff")
    _run(folder, bakeoff, origin.read(), tell)
    return folder


def _run(folder: BakeoffFolder, bakeoff: Bakeoff, table: Table, tell: Tell) -> None:
    with claim_run(folder.path):
        done = folder.done()
        missing = [job for job in _jobs(bakeoff) if job not in done]
        for (scale, seed), jobs in groupby(missing, lambda job: (job.scale, job.seed)):
            chain = _chain(bakeoff, table, scale, seed)
            for job in jobs:
                line = _line(job, bakeoff, chain)
                folder.append(line)
                tell(job, line)


def _jobs(bakeoff: Bakeoff) -> Iterator[Job]:
    """Seed by seed, so that a bakeoff that is stopped early has every scale; gates at the end, small scales first."""
    gates = [name for name in GATES if bakeoff.gates is None or name in bakeoff.gates]
    for seed, scale in product(bakeoff.seeds, bakeoff.scales):
        for name in REFERENCES:
            yield Job(scale, seed, "reference", name)
        for name in bakeoff.methods:
            yield Job(scale, seed, "method", name)
    for seed, scale in product(bakeoff.seeds, sorted(bakeoff.scales)):
        for name in gates:
            yield Job(scale, seed, "gate", name)


def _chain(bakeoff: Bakeoff, table: Table, scale: int, seed: int) -> Chain:
    split, asked = table.split(scale, bakeoff.test_share, seed), bakeoff.prdc
    judge = fit_judge(
        split.train,
        split.test,
        split.train_weights,
        split.test_weights,
        list(bakeoff.draw),
        k=asked.k,
        cap=asked.cap,
        log=asked.log,
        latent=asked.latent,
        epochs=asked.epochs,
        seed=seed,
    )
    return Chain(judge, split.train_weights, bakeoff.conditions, bakeoff.draw, seed)


def _line(job: Job, bakeoff: Bakeoff, chain: Chain) -> dict[str, Any]:
    head: dict[str, Any] = {"kind": job.kind, "name": job.name, "scale": job.scale, "seed": job.seed}
    if job.kind == "method":
        head |= {"imputer": bakeoff.imputer(job.name), "params": bakeoff.methods[job.name].params}
    try:
        return {**head, "status": "done", **apart(do, job, bakeoff, chain)}
    except Failed as fault:
        return {**head, "status": "failed", "error": str(fault)}


def _checked(project: Project, bakeoff: Bakeoff, document: Document) -> Origin:
    """Where the rows come from, once every name of the bakeoff is known; SpecError with all that are not."""
    problems = Problems()
    _check_backends(bakeoff, document, problems)
    try:
        origin = Origin(project, bakeoff, document)
    except SpecError as error:
        problems.absorb(error)
    problems.raise_if_any()
    return origin


def _check_backends(bakeoff: Bakeoff, document: Document, problems: Problems) -> None:
    """Add each imputer, gate, calibrator and parameter that there is not, with its place."""
    for name, method in bakeoff.methods.items():
        try:
            make_imputer(bakeoff.imputer(name), **method.params)
        except SpecError as error:
            for problem in error.problems:
                field = "params" if method.params else "imputer"
                place = document.place("methods", name, field, key=True)
                problems.add(f"method {name!r}: {problem.message}", place, problem.hint)
    for index, gate in enumerate(bakeoff.gates or ()):
        if gate not in GATES:
            problems.unknown("gate", gate, GATES, document.place("gates", index))
    asked = bakeoff.calibration
    try:
        make_calibrator(asked.calibrator, **asked.params)
    except SpecError as error:
        place = document.place("calibration", "params" if asked.params else "calibrator")
        for problem in error.problems:
            problems.add(problem.message, place, problem.hint)


def _check_scales(bakeoff: Bakeoff, table: Table, document: Document) -> None:
    problems = Problems()
    for index, scale in enumerate(bakeoff.scales):
        for seed in bakeoff.seeds:
            place = document.place("scales", index)
            try:
                tested = len(table.split(scale, bakeoff.test_share, seed).test)
            except SpecError as error:
                problems.add(str(error), place)
                continue
            if tested <= bakeoff.prdc.k:
                problems.add(f"a scale of {scale:,} rows tests {tested}, no more than k = {bakeoff.prdc.k}", place)
    problems.raise_if_any()
