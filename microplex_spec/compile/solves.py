"""How often a plan calibrates: stages, and the folds that hold targets out, with what they take and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..plan import Reason
from ..spec.cost import Work
from ..spec.expression import parse
from ..spec.measure import parse_measure
from ..spec.model import CalibrationSettings
from ..spec.registry import CALIBRATORS
from ..spec.targets import Target
from .base import Draft
from .choose import Choice
from .costs import price

FOLD_SHARE = 0.35
"""What a fold takes of a whole solve where it goes on from that; elsewhere it takes as much."""
STAGE_SHARE = 0.5
COLD_FOLDS_SECONDS = 60.0
"""Folds that a calibrator would solve anew are left out by default where they are predicted to take longer."""
NATIONAL = "national"
"""The stage of targets that name no column of `stages_by`."""
FOLD_BYTES = 12.0
"""A stored value of the problem that a fold or a stage copies, with its column twice."""


def repeated_solves(
    draft: Draft, choice: Choice, fit: list[Target], nonzeros: int
) -> tuple[dict[str, Any], list[Reason], Work]:
    """Parameters `folds` and `stages` of the calibrate step, the reasons for them, and the work that they add."""
    settings = draft.spec.settings.calibration
    solve = _seconds(draft, choice)
    warm = CALIBRATORS.load(choice.name).warm_starts
    share = FOLD_SHARE if warm else 1.0
    folds, reasons = settings.folds, []
    if folds and fit and choice.name != "none":
        seconds = folds * share * solve
        if not warm and "folds" not in settings.model_fields_set and seconds > COLD_FOLDS_SECONDS:
            text = f"none: {choice.name} would solve {folds} folds anew, about {seconds:.0f} s; calibration.folds asks"
            folds, reasons = 0, [Reason("held-out", text)]
        else:
            how = "going on from the whole solve" if warm else "solved anew"
            text = f"each family of targets is left out once, in {folds} folds {how}, about {seconds:.1f} s"
            reasons = [Reason("held-out", text)]
    elif fit and choice.name != "none":
        reasons = [Reason("held-out", "none: calibration.folds is 0")]
    else:
        folds = 0
    stages = declared_stages(settings, fit)
    if len(stages) > 1:
        names = ", then ".join(stage["name"] for stage in stages)
        reasons.append(Reason("stages", f"{names}; each is kept only if the error over all targets falls"))
    more = folds * share + max(len(stages) - 1, 0) * (STAGE_SHARE if warm else 1.0)
    work: dict[str, float] = {}
    if more:
        work = {
            "calibrate.more.guessed_seconds": more * solve,
            "calibrate.more.guessed_bytes": FOLD_BYTES * nonzeros,
        }
    return {"folds": folds, "stages": stages}, reasons, work


def declared_stages(settings: CalibrationSettings, fit: Iterable[Target]) -> list[dict[str, Any]]:
    """The stages, each a name and the ids or globs of its targets; those of `stages_by` hold a target each at least."""
    if not settings.stages_by:
        return [stage.model_dump(mode="json") for stage in settings.stages]
    levels: dict[int, list[str]] = {}
    for target in fit:
        expressions = [parse_measure(target.measure).argument, parse(target.where) if target.where else None]
        named = {name for expression in expressions if expression is not None for name in expression.names}
        level = max((number for number, column in enumerate(settings.stages_by, 1) if column in named), default=0)
        levels.setdefault(level, []).append(target.id)
    names = (NATIONAL, *settings.stages_by)
    return [{"name": names[level], "targets": sorted(levels[level])} for level in sorted(levels)]


def target_places(draft: Draft, targets: Iterable[Target]) -> dict[str, list[Any]]:
    """[file, line, column] of each target, for errors that only the data show."""
    places, found = draft.spec.places, {}
    known: dict[Any, list[Any]] = {}
    for target in targets:
        written = places.written("target", target.id)
        if written:
            key = (written[0].file, written[1])
            if key not in known:
                place = places.of("target", target.id)
                known[key] = [place.file, place.line, place.column] if place else []
            found[target.id] = known[key]
    return found


def _seconds(draft: Draft, choice: Choice) -> float:
    """One whole solve in a process that has its libraries."""
    resident = {name: 0.0 for name in choice.cost.work if name.startswith("import.")}
    return price("calibrate", choice.name, choice.cost, draft.costs, resident).seconds
