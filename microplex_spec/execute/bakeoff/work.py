"""What one job of a bakeoff does, in a process of its own: a method, a gate, or the training rows as a reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse

from ...calibrate import CalibrationProblem, make_calibrator
from ...impute.gates import GATES
from ...spec.bakeoffs import Bakeoff
from ...spec.errors import SpecError
from ...streams import uniforms
from ..measured import Measured, measured
from .chain import Chain, Drawn, draw_chain, warm_up
from .gates import try_gate

REFERENCES = ("training_rows", "blind")
"""What draws nothing: as many training rows at random as there are test rows, as a perfect synthesis would be; and
test rows that take what is drawn from such rows, whatever their conditions, as the least that a method must beat."""

type Kind = Literal["method", "reference", "gate"]


@dataclass(frozen=True, order=True)
class Job:
    """One method, gate or reference at one scale and seed."""

    scale: int
    seed: int
    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name} at {self.scale:,} rows, seed {self.seed}"


def jobs_of(bakeoff: Bakeoff) -> Iterator[Job]:
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


def do(job: Job, bakeoff: Bakeoff, chain: Chain) -> dict[str, Any]:
    """The facts of a job's line. Raises SpecError for what the method cannot serve."""
    if job.kind == "gate":
        return {"variables": try_gate(chain, job.name, bakeoff.gate_zeros)}
    if job.kind == "reference":
        return _reference(job.name, bakeoff, chain)
    imputer, params = bakeoff.imputer(job.name), bakeoff.methods[job.name].params
    warm_up(chain, imputer, params)
    before = _resident()
    took = measured(lambda: draw_chain(chain, imputer, params, bakeoff.crps_draws))
    # Each test row is drawn for, and lends what is drawn its weight.
    return {**_judged(bakeoff, chain, took.result, chain.judge.weights), "cost": _cost(took, before)}


def _reference(name: str, bakeoff: Bakeoff, chain: Chain) -> dict[str, Any]:
    """One of `REFERENCES`. Those that are blind take training rows with the chance of their weights."""
    judge, drawn = chain.judge, list(chain.draw)
    u = uniforms(chain.seed, f"bakeoff/{name}", np.arange(max(len(judge.train), len(judge.test))))
    if name == "blind":
        share = np.cumsum(judge.train_weights)
        chosen = np.searchsorted(share, u[: len(judge.test)] * share[-1], side="right")
        rows, weights = judge.test.assign(**judge.train.iloc[chosen][drawn].reset_index(drop=True)), judge.weights
    else:
        chosen = np.sort(np.argsort(u[: len(judge.train)], kind="stable")[: len(judge.test)])
        rows, weights = judge.train.iloc[chosen].reset_index(drop=True), judge.train_weights[chosen]
    return _judged(bakeoff, chain, Drawn(rows, {column: {} for column in drawn}), weights)


def _judged(bakeoff: Bakeoff, chain: Chain, drawn: Drawn, weights: np.ndarray) -> dict[str, Any]:
    judge, rows = chain.judge, drawn.rows
    told = drawn.columns.items()
    return {
        "rows": {"train": len(judge.train), "test": len(judge.test)},
        "scores": {**judge.whole(rows, weights), **_calibrated(bakeoff, chain, rows, weights)},
        "rare_cells": judge.rare_cells(bakeoff.rare_cells, rows, weights),
        "variables": [{"variable": name, **facts, **judge.column(name, rows, weights)} for name, facts in told],
    }


def _calibrated(bakeoff: Bakeoff, chain: Chain, rows: pd.DataFrame, weights: np.ndarray) -> dict[str, Any]:
    asked = bakeoff.calibration
    calibrator = make_calibrator(asked.calibrator, **asked.params)

    def solve(matrix: sparse.csr_array, targets: np.ndarray, initial: np.ndarray) -> np.ndarray:
        # No weights could meet a target that no record adds to; it counts with all of its error.
        met = np.flatnonzero(np.diff(matrix.tocsc().indptr))
        problem = CalibrationProblem(matrix[:, met], targets[met], initial, tolerance=asked.tolerance)
        return calibrator.solve(problem, seed=chain.seed).weights

    try:
        return chain.judge.calibrated(rows, weights, solve, asked.by)
    except SpecError as error:
        # A synthesis that cannot be calibrated has its other scores all the same.
        return {"calibration_fault": str(error)}


def _cost(took: Measured[Drawn], before: int) -> Mapping[str, float]:
    """Seconds of fits and draws, all seconds of the processors, and the process's memory at its peak."""
    told = took.result.columns.values()
    return {
        "fit_seconds": round(sum(facts["fit_seconds"] for facts in told), 3),
        "draw_seconds": round(sum(facts["draw_seconds"] for facts in told), 3),
        "seconds": round(took.seconds, 3),
        "cpu_seconds": round(took.cpu_seconds, 3),
        "added_bytes": took.peak_bytes,
        "peak_bytes": before + took.peak_bytes,
    }


def _resident() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss)
