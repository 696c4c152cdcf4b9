"""Staging: some targets first, then more and more of them, each stage from where the one before it ended.

A stage solves for its own targets and those of every stage before it. It is kept only if the error over all fit
targets falls, those of later stages among them; else the weights before it stand. A penalty or budget on records
belongs to the first stage: it is what was asked for, whatever it does to the error, so the stage that has chosen
records stands, and later ones move the weights of these alone, within the same bounds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from ..spec.errors import SpecError
from .base import Calibrator
from .folds import FAILURES
from .parts import part_of
from .problem import CalibrationProblem, CalibrationResult, weighted_sums

_MAGIC = frozenset("*?[")


@dataclass(frozen=True)
class StageRecord:
    """What became of one stage. error: mean over all fit targets of |relative error| over tolerance."""

    name: str
    targets: int
    kept: bool
    error_before: float
    error_after: float | None
    iterations: int
    said: str


@dataclass(frozen=True, eq=False)
class Staged:
    """The outcome: `result` judges the weights by all targets.

    fitted: (k,) mask of the targets that the weights were solved for: of the stages kept, and moved by a record kept.
    """

    result: CalibrationResult
    fitted: np.ndarray
    stages: tuple[StageRecord, ...]

    def records(self) -> list[dict[str, Any]]:
        """The stages as they are told in result.json."""
        return [asdict(stage) for stage in self.stages]


def stage_of(ids: Sequence[str], stages: Sequence[Collection[str]]) -> np.ndarray:
    """(k,) number of each target's stage from 0: the first with a glob that its id matches, else the last."""
    found = np.full(len(ids), max(len(stages) - 1, 0), dtype=np.int64)
    for number in reversed(range(len(stages))):
        # Thousands of ids may be listed one by one, which pattern by pattern would take long.
        plain = {glob for glob in stages[number] if not _MAGIC.intersection(glob)}
        globs = [glob for glob in stages[number] if glob not in plain]
        own = [name in plain or any(fnmatchcase(name, glob) for glob in globs) for name in ids]
        found[np.array(own, dtype=bool)] = number
    return found


def mean_error(problem: CalibrationProblem, weights: np.ndarray) -> float:
    """Mean over the targets of |relative error| in units of each target's tolerance; no error is capped."""
    errors = problem.judge(weights, ended="").relative_errors
    return float(np.mean(np.abs(errors) / problem.tolerance))


def solve_in_stages(
    calibrator: Calibrator, problem: CalibrationProblem, stage: np.ndarray, names: Sequence[str], seed: int = 0
) -> Staged:
    """Solve the problem stage by stage, warm where the calibrator can. stage: (k,) number of each target's stage.

    One stage alone is kept whatever it comes to. Raises SpecError if no stage could be solved at all.
    """
    if len(names) < 2:
        solved = _solved(calibrator, problem, None, seed)
        return Staged(solved, _moved(problem, solved.base), ())
    run = _Run(calibrator, problem, seed)
    for number, name in enumerate(names):
        run.add(name, stage == number, stage <= number)
    if run.failed and not any(record.kept for record in run.records):
        raise run.failed[-1]
    lower, upper = calibrator.ratio_bounds()
    kept = [record.name for record in run.records if record.kept]
    result = problem.judge(
        run.weights,
        iterations=sum(record.iterations for record in run.records),
        ended=_ended(run.records) if kept else "no stage lowered the error over all targets: weights left as they were",
        multipliers=run.multipliers,
        bounds=(lower, upper),
    )
    return Staged(replace(result, base=run.base), run.fitted, tuple(run.records))


class _Run:
    """Weights and multipliers as the stages leave them, and once records are chosen the base of their weights."""

    def __init__(self, calibrator: Calibrator, problem: CalibrationProblem, seed: int):
        self.calibrator, self.problem, self.seed = calibrator, problem, seed
        self.weights = problem.initial_weights.copy()
        self.base: np.ndarray | None = None
        self.multipliers = np.zeros(problem.targets.size)
        self.fitted = np.zeros(problem.targets.size, dtype=bool)
        self.error = mean_error(problem, self.weights)
        self.records: list[StageRecord] = []
        self.failed: list[SpecError] = []

    def add(self, name: str, own: np.ndarray, wanted: np.ndarray) -> None:
        """Try one stage, whose `own` targets come to the `wanted` ones, and keep it or not."""
        if not own.any():
            self.note(name, 0, said="it adds no target that can be fitted")
            return
        wanted = wanted & _moved(self.problem, self.base)
        targets = int(wanted.sum())
        if not targets:
            self.note(name, 0, said="no record kept contributes to its targets")
            return
        part = part_of(self.problem, wanted, self.base)
        start = self.multipliers[wanted] if self.calibrator.warm_starts else None
        try:
            solved = _solved(self.calibrator, part, start, self.seed)
        except SpecError as fault:
            self.failed.append(fault)
            self.note(name, targets, said=f"failed, the weights before it stand: {fault}")
            return
        error = mean_error(self.problem, solved.weights)
        if not error < self.error and solved.base is None:
            said = "rolled back: the error over all targets did not fall"
            self.note(name, targets, error, solved.iterations, said)
            return
        stands = "" if error < self.error else "; the error over all targets did not fall, but the budget stands"
        self.note(name, targets, error, solved.iterations, solved.reason + stands, kept=True)
        self.weights, self.error = solved.weights, error
        self.base = self.base if solved.base is None else solved.base
        self.fitted = wanted & _moved(self.problem, self.base)
        self.multipliers = np.zeros(wanted.size)
        self.multipliers[wanted] = solved.multipliers
        self.calibrator = self.calibrator.without_budget()

    def note(
        self,
        name: str,
        targets: int,
        after: float | None = None,
        iterations: int = 0,
        said: str = "",
        kept: bool = False,
    ) -> None:
        self.records.append(StageRecord(name, targets, kept, self.error, after, iterations, said))


def _moved(problem: CalibrationProblem, base: np.ndarray | None) -> np.ndarray:
    """(k,) mask of the targets that some record kept can move; all of them where no record was dropped."""
    if base is None:
        return np.ones(problem.targets.size, dtype=bool)
    return weighted_sums(problem.matrix, base, absolute=True) > 0


def _solved(
    calibrator: Calibrator, problem: CalibrationProblem, start: np.ndarray | None, seed: int
) -> CalibrationResult:
    """A solve whose weights can be used; SpecError for one that failed."""
    try:
        solved = calibrator.solve(problem, seed=seed, start=start)
    except SpecError:
        raise
    except FAILURES as error:
        raise SpecError(f"the calibrator failed: {error}") from error
    if not np.isfinite(solved.weights).all():
        raise SpecError("the calibrator returned weights that are not finite")
    return solved


def _ended(records: Sequence[StageRecord]) -> str:
    """How the stages went, in one line."""
    kept = [record.name for record in records if record.kept]
    lost = [record.name for record in records if not record.kept and record.targets]
    return f"stages kept: {', '.join(kept)}" + (f"; not kept: {', '.join(lost)}" if lost else "")
