"""One self-contained HTML page a run: fit, distributions, weights, benchmarks, plan and provenance."""

from __future__ import annotations

from pathlib import Path

__all__ = ["write_report"]


def write_report(run: Path, out: Path) -> None:
    """Read the run folder `run` and write its report, which loads nothing from anywhere, to the file `out`.

    Files that the run never wrote leave their section empty, with a sentence that says so.
    Raises SpecError where `run` holds no plan or manifest, or a damaged file.
    """
    from jinja2 import UndefinedError

    from ..plan.run_files import reading
    from ..spec.errors import SpecError
    from ..spec.hashing import write_atomically
    from .data import read_run
    from .page import render

    found = read_run(run)
    try:
        with reading(run):
            page = render(found, run.resolve().name)
    except UndefinedError as error:
        raise SpecError(f"{run} is damaged: a file of it lacks what the page tells: {error}") from None
    write_atomically(out, page)
