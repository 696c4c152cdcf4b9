"""Comparing two specs or runs: what a comparison needs is gathered here (what is declared, plans, results)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..compare.attribution import Attribution
from ..compare.declared import Declared, declared, is_note
from ..compare.spec_diff import Change, diff_declared
from ..compile.changes import compare
from ..compile.lock import resolved
from ..plan import Plan, Step
from ..plan.run_files import read_manifest, reading, way_on
from ..spec.choices import Choices, Scale
from ..spec.errors import Problem, SpecError
from ..spec.load import load_spec
from ..spec.model import Spec
from .lock_file import read_lock, read_places, split_lock
from .manifest import BUILT
from .planning import compile_plan

if TYPE_CHECKING:
    import numpy as np

RESULTS = ("targets.csv", "benchmarks.csv", "imputation.csv", "weights.json")


@dataclass(frozen=True)
class Side:
    """One side of a comparison: what it declares, its plan, and the run folder if it is a run."""

    name: str
    declared: Declared
    plan: Plan
    run: Path | None = None


@dataclass(frozen=True)
class Difference:
    """What is declared otherwise, which steps that re-runs, and, of two runs, what it moved.

    seeds: runs that differ from one of the sides by their seed alone, itself among them, if there are any.
    """

    old: Side
    new: Side
    spec: list[Change]
    seeds: Sequence[Path] = ()

    @cached_property
    def steps(self) -> list[dict[str, Any]]:
        """Steps whose results differ, with the reason and the seconds that they are predicted to take."""
        marked, gone = compare(self.new.plan, (), [self.old.plan])
        before = {step.id: step.key for step in self.old.plan}
        pairs = zip(self.new.plan, marked, strict=True)
        found = [_row(own, step) for own, step in pairs if before.get(step.id) != step.key]
        return [*found, *({"id": step, "reason": "gone", "seconds": 0.0, "rules": []} for step in gone)]

    @cached_property
    def outcomes(self) -> dict[str, Any]:
        """What moved; empty where one side is no run."""
        if self.old.run is None or self.new.run is None:
            return {"headline": {}, "checks": [], "targets": [], "benchmarks": [], "imputation": [], "weights": {}}
        from ..compare.outcomes import diff_outcomes, seed_scatter

        old, new = self.old, self.new
        assert old.run is not None and new.run is not None
        causes = Attribution(self.spec, self.new.plan, [row["id"] for row in self.steps if _is_head(row)])
        return diff_outcomes(old.run, new.run, causes, partial(_shift, old, new), seed_scatter(self.seeds))

    @property
    def same(self) -> bool:
        """Whether nothing that matters differs: notes may."""
        moved = self.old.run is not None and self.new.run is not None and any(self.outcomes.values())
        return not self.steps and not moved and not any(change.matters for change in self.spec)

    def to_json(self) -> dict[str, Any]:
        return {
            "same": self.same,
            "old": self.old.name,
            "new": self.new.name,
            "seeds": len(self.seeds),
            "spec": [change.to_json() for change in self.spec],
            "steps": self.steps,
            "outcomes": self.outcomes,
        }


def _row(own: Step, marked: Step) -> dict[str, Any]:
    """A step with why it is not as it was: the reasons that the comparison put before its own."""
    why = marked.reasons[: len(marked.reasons) - len(own.reasons)]
    text = "; ".join(reason.text for reason in why) or "new"
    rules = [reason.rule for reason in why]
    return {"id": own.id, "reason": text, "seconds": own.predicted.seconds, "rules": rules}


def _is_head(row: Mapping[str, Any]) -> bool:
    """Whether an edit touches the step itself; a new sample touches what loads it."""
    passed_on = {"follows"} if row["id"].startswith("load:") else {"follows", "sample"}
    return row["reason"] != "gone" and not (row["rules"] and passed_on.issuperset(row["rules"]))


def diff_specs(old: Spec | str | Path, new: Spec | str | Path, choices: Choices | None = None) -> Difference:
    """How two specs differ, and the steps that the second makes otherwise; nothing is built.

    choices: of the run that both are planned for; by default all households and the compiler's backends.
    Raises SpecError for a spec that cannot be read.
    """
    sides = [spec_side(spec if isinstance(spec, Spec) else load_spec(spec), choices) for spec in (old, new)]
    return difference(*sides)


def diff_runs(old: str | Path, new: str | Path) -> Difference:
    """How two runs differ: what was declared, the steps that gave other results, and what moved.

    old, new: run folders. Raises SpecError for folders that hold no finished run.
    """
    return difference(run_side(Path(old)), run_side(Path(new)))


def difference(old: Side, new: Side) -> Difference:
    """The difference of two sides. Tables are read, and pandas imported, only where both are runs."""
    seeds: Sequence[Path] = ()
    if old.run and new.run:
        seeds = max(_alike(old), _alike(new), key=len)
    return Difference(old, new, diff_declared(old.declared, new.declared), seeds if len(seeds) > 1 else ())


def spec_side(spec: Spec, choices: Choices | None = None, name: str = "") -> Side:
    """A spec as one side: planned for the given choices."""
    choices = choices or Choices(spec=spec.name, scale=Scale(name="full"))

    def place(kind: str, name: str, field: str) -> str:
        return str(spec.places.declared(kind, name, *field.split(".") if field else ()) or "")

    choices = choices.model_copy(update={"spec": spec.name})
    name = name or spec.project.shown(spec.folder)
    return Side(name, declared(resolved(spec, choices), place), compile_plan(spec, choices))


def run_side(run: Path, name: str = "") -> Side:
    """A run folder as one side; SpecError where it holds no finished run."""
    lock, status = run / "spec.lock.yaml", read_manifest(run)["status"]
    missing = [file for file in RESULTS if not (run / file).is_file()]
    if missing and status in BUILT:
        hint = "it was built with --select, or the file was taken away; compare runs of a whole spec"
        raise SpecError(Problem(f"{run} has no {missing[0]}", hint=hint))
    if missing:
        raise SpecError(Problem(f"{run} has no {missing[0]}: the run is {status}", hint=way_on(run)))
    plan, content = Plan.read(run / "plan.json"), read_lock(lock)
    with reading(lock):
        return Side(name or str(run), declared(content, read_places(lock)), plan, run)


def _alike(side: Side) -> list[Path]:
    """The runs beside this one, itself among them, that were declared the same but for their seed; one a seed."""
    assert side.run is not None
    mine, found = split_lock(side.run / "spec.lock.yaml"), {side.plan.seed: side.run}
    for folder in sorted(side.run.resolve().parent.iterdir()):
        # A neighbour that cannot be read says nothing of the scatter.
        with suppress(SpecError, OSError):
            if not all((folder / file).is_file() for file in (*RESULTS, "spec.lock.yaml")):
                continue
            choices, rest = split_lock(folder / "spec.lock.yaml")
            seed = choices.pop("seed", None)
            if seed not in found and rest == mine[1] and _deciding(choices) == _deciding(mine[0]):
                found[seed] = folder
    return list(found.values())


def _shift(old: Side, new: Side, variable: str) -> float | None:
    """The KS distance of a variable's draws in two runs, by design weights; None where a run kept no tables."""
    from ..evaluate.distribution import weighted_ks
    from ..population.weights import DESIGN_WEIGHT
    from .run_tables import weighted_column

    entity = new.declared.objects["variable", variable]["entity"]
    sides: list[np.ndarray] = []
    for side in (old, new):
        assert side.run is not None
        try:
            sides += weighted_column(side.run, entity, variable, DESIGN_WEIGHT)
        except ValueError:
            return None
    return weighted_ks(*sides)


def _deciding(choices: Mapping[str, Any]) -> dict[str, Any]:
    """The choices that decide results, but for the seed."""
    return {name: value for name, value in choices.items() if name != "seed" and not is_note("run", name)}
