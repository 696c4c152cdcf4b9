"""The runs of a comparison: which folders a call names, and the figures of each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median
from typing import Any

from ..compare.declared import is_note
from ..compare.leaderboard import BENCHMARK, Member, repeats
from ..plan import Plan
from ..plan.run_files import read_manifest, reading, way_on
from ..spec.errors import Problem, SpecError
from .lock_file import split_lock
from .manifest import BUILT

SHOWN_DIGEST = 6
Cost = tuple[float, float]
"""Seconds and peak bytes."""
TAKING = ("executor", "resources")
"""Choices that decide what a run takes, though not its results."""


def find_members(folders: Iterable[Path]) -> tuple[list[Member], dict[str, str]]:
    """The finished runs in some folders (runs, or sweeps of runs), and why each other one is left out.

    What a run took is told as if it had been built alone, since the first of a sweep pays for what the others reuse.

    Raises SpecError for a folder that holds no run.
    """
    members: list[Member] = []
    left_out: dict[str, str] = {}
    costs: dict[str, Cost] = {}
    for folder in dict.fromkeys(run for given in folders for run in _runs(given)):
        try:
            members.append(read_member(folder))
            costs |= _made(folder)
        except SpecError as error:
            left_out[str(folder)] = str(error)
    members = [replace(m, figures={**m.figures, **_alone(Path(m.name), costs)}) for m in members]
    specs = {member.choices["spec"] for member in members}
    if len({name.partition(" ")[0] for name in specs}) == len(specs) == 1:
        members = [replace(m, choices=_without(m.choices, "spec")) for m in members]
    for repeat, last in repeats(members).items():
        left_out[repeat] = f"the same choices and seed as {last}, which counts"
    return [member for member in members if member.name not in left_out], left_out


def read_member(run: Path) -> Member:
    """One finished run; SpecError where it is not finished, or damaged."""
    manifest = read_manifest(run)
    if manifest["status"] not in BUILT:
        raise SpecError(Problem(f"the run is {manifest['status']}", hint=way_on(run)))
    choices, declared = split_lock(run / "spec.lock.yaml")
    told = {name: value for name, value in _flat(choices) if name != "seed" and _is_choice(name)}
    told["spec"] = f"{manifest['spec']} {declared[:SHOWN_DIGEST]}"
    with reading(run / "manifest.json"):
        return Member(str(run), manifest["seed"], told, _figures(run, manifest))


def _runs(folder: Path) -> list[Path]:
    if (folder / "plan.json").is_file():
        return [folder]
    inside = sorted(folder.glob("*/plan.json"), key=lambda path: (len(path.parent.name), path.parent.name))
    if not inside:
        hint = "name a run folder, or the folder of a sweep made by build -m"
        raise SpecError(Problem(f"{folder} holds no run: no plan.json in it or one folder below", hint=hint))
    return [path.parent for path in inside]


def _figures(run: Path, manifest: Mapping[str, Any]) -> dict[str, float]:
    headline = manifest["headline"]
    told = {
        "holdout": headline.get("holdout_median_error"),
        "fit": headline.get("fit_within_10pct"),
        "fit_error": headline.get("fit_median_error"),
        "ess_share": headline.get("ess_share"),
    }
    errors = {name: abs(error) for name, error in headline.get("benchmarks", {}).items() if error is not None}
    figures = {name: math.nan if value is None else float(value) for name, value in told.items()}
    return figures | {
        "benchmarks": fmean(errors.values()) if errors else math.nan,
        **{f"{BENCHMARK}{name}": error for name, error in errors.items()},
        **_scores(run / "imputation.csv"),
        **_alone(run, _made(run)),
    }


def _made(run: Path) -> dict[str, Cost]:
    """What each step took that a run made itself, by the step's key."""
    keys = {step.id: step.key for step in Plan.read(run / "plan.json")}
    with reading(run / "manifest.json"):
        done = [step for step in read_manifest(run)["steps"] if step["status"] == "done"]
        return {keys[step["id"]]: (step["seconds"], step["peak_bytes"]) for step in done}


def _alone(run: Path, costs: Mapping[str, Cost]) -> dict[str, float]:
    """Seconds and peak memory of all steps of a run; of those that nobody made here, as they were predicted."""
    own = {**costs, **_made(run)}
    taken = [own.get(s.key, (s.predicted.seconds, s.predicted.bytes)) for s in Plan.read(run / "plan.json")]
    return {"seconds": sum(seconds for seconds, _ in taken), "peak": max((peak for _, peak in taken), default=math.nan)}


def _scores(path: Path) -> dict[str, float]:
    """Medians over imputed variables, of the draws against the truth where it is known, else against the donors."""
    import csv

    with reading(path), path.open(newline="", encoding="utf-8") as stream:
        rows = list(table := csv.DictReader(stream))
        if not {"ks_donor", "drawn_zero", "donor_zero"} <= set(table.fieldnames or ()):
            raise ValueError("it holds no scores of imputed variables")
        distances = [float(row.get("ks_truth") or row["ks_donor"]) for row in rows]
        zeros = [abs(float(row["drawn_zero"]) - float(row.get("truth_zero") or row["donor_zero"])) for row in rows]
    return {"ks": median(distances) if rows else math.nan, "zeros": median(zeros) if rows else math.nan}


def _flat(row: Mapping[str, Any], above: str = "") -> Iterable[tuple[str, str]]:
    for key, value in row.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        elif value is not None:
            yield f"{above}{key}".removesuffix(".name"), str(value)


def _is_choice(name: str) -> bool:
    """Whether a setting of a run decides a figure that is compared: of its results, or of what it took."""
    return name.partition(".")[0] in TAKING or not is_note("run", name)


def _without(choices: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in choices.items() if key != name}
