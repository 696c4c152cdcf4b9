"""One self-contained HTML page a run: fit, distributions, weights, benchmarks, plan and provenance."""

from __future__ import annotations

from pathlib import Path

__all__ = ["write_report"]


def write_report(run: Path, out: Path) -> None:
    """Read the run folder `run` and write its report, which loads nothing from anywhere, to the file `out`.

    Files that the run never wrote leave their section empty, with a sentence that says so.
    Raises SpecError where `run` holds no plan or manifest, or a damaged file.
    """
    from ..spec.hashing import write_atomically
    from .data import read_run
    from .page import render

    write_atomically(out, render(read_run(run), run.resolve().name))
