"""Running a bakeoff: all methods on one split after another, each in its own process, and going on after a kill."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

from ...evaluate.synthesis import fit_judge
from ...spec.bakeoffs import Bakeoff
from ...spec.errors import Problems, SpecError
from ...spec.project import Project
from ...spec.yaml_reader import Document
from ..run_folder import claim_run
from .apart import Failed, apart
from .chain import Chain
from .checks import check_backends, check_rows
from .folder import BakeoffFolder
from .table import Origin, Table
from .work import Job, do, jobs_of

type Tell = Callable[[Job, dict[str, Any]], None]


def new_bakeoff(project: Project, bakeoff: Bakeoff, document: Document, tell: Tell) -> BakeoffFolder:
    """Run a bakeoff in a folder of its own. tell: called with each job and its line.

    Raises SpecError, before anything is written, for what the bakeoff names and is not there, and for what its rows
    contradict.
    """
    origin = _checked(project, bakeoff, document)
    table = origin.read()
    check_rows(bakeoff, table, document)
    folder = BakeoffFolder.new(project, bakeoff, origin.fingerprint())
    _run(folder, bakeoff, table, tell)
    return folder


def resume_bakeoff(project: Project, name: str, tell: Tell) -> BakeoffFolder:
    """Do what an earlier bakeoff lacks: jobs that were not begun, were cut off, or failed. SpecError."""
    folder = BakeoffFolder.find(project, name)
    bakeoff, files = folder.declared()
    if folder.done().issuperset(jobs_of(bakeoff)):
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
        missing = [job for job in jobs_of(bakeoff) if job not in done]
        for (scale, seed), jobs in groupby(missing, lambda job: (job.scale, job.seed)):
            chain = _chain(bakeoff, table, scale, seed)
            for job in jobs:
                line = _line(job, bakeoff, chain)
                folder.append(line)
                tell(job, line)


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
    return Chain(judge, bakeoff.conditions, bakeoff.draw, seed)


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
    check_backends(bakeoff, document, problems)
    try:
        origin = Origin(project, bakeoff, document)
    except SpecError as error:
        problems.absorb(error)
    problems.raise_if_any()
    return origin
