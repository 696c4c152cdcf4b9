"""What the preflight of the targets means for a plan: reasons with places, notes, and faults that stop it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from ..plan import Reason
from ..spec.measure import parse_measure
from ..spec.targets import Target
from .base import Draft
from .column_facts import column_facts
from .preflight import SetAside, preflight

FAR_TOO_MANY = 20.0
"""A count of more than this many times the units that there are is in another unit, or of another entity."""
TOLD = 3
"""Targets set aside that a plan names in its notes; `plan --full` and `targets` name all."""
TOLD_DOUBTS = 3
"""Likewise of figures that look wrong."""


@dataclass(frozen=True)
class JudgedTargets:
    """set_aside, families: by target id. told: why each was set aside, with the places in the files.

    reasons: for the plan: a summary first, then one a target that is set aside or looks wrong.
    """

    set_aside: Mapping[str, SetAside]
    families: Mapping[str, str]
    told: Mapping[str, str]
    reasons: tuple[Reason, ...]


def judge_targets(draft: Draft) -> JudgedTargets:
    """Hold the targets of a spec against each other; adds notes to the draft, and problems for impossible figures."""
    spec = draft.spec
    facts = column_facts(spec, draft.profiles, draft.engine)
    found = preflight(spec.targets, facts, spec.settings.calibration.tolerance)
    _refuse_far_too_many(draft)
    aside = dict(sorted(found.set_aside.items()))
    told = {name: f"{row.text} ({_stand(draft, (name, *row.against))})" for name, row in aside.items()}
    reasons = [Reason(row.status, f"{name}: {told[name]}") for name, row in aside.items()]
    doubts = [Reason("suspicious", f"{name} {text} ({_stand(draft, (name,))})") for name, text in found.suspicions]
    summary = Reason("compile", _summary(spec.targets, aside))
    if spec.targets:
        draft.notes.append(summary.text)
    _note(draft, reasons, TOLD, "targets are set aside: microplex-spec targets tells which")
    _note(draft, doubts, TOLD_DOUBTS, "figures look wrong: plan --full tells which")
    return JudgedTargets(aside, found.families, told, (summary, *reasons, *doubts))


def _note(draft: Draft, reasons: list[Reason], first: int, more: str) -> None:
    draft.notes += [f"{reason.rule}: {reason.text}" for reason in reasons[:first]]
    if len(reasons) > first:
        draft.notes.append(f"{len(reasons) - first:,} more {more}")


def _summary(targets: tuple[Target, ...], set_aside: Mapping[str, SetAside]) -> str:
    """391 targets: 380 to fit, 6 to compare (2 holdout, 4 monitor), 3 duplicate, 2 contradictory."""
    used = [t for t in targets if not t.exclude]
    uses = Counter(set_aside[t.id].status if t.id in set_aside else t.role for t in used)
    counted = [f"{uses.pop('fit', 0):,} to fit"]
    compared = {role: uses.pop(role) for role in ("holdout", "monitor") if uses[role]}
    if compared:
        by_role = ", ".join(f"{number:,} {role}" for role, number in compared.items())
        counted.append(f"{sum(compared.values()):,} to compare ({by_role})")
    counted += [f"{number:,} {status}" for status, number in sorted(uses.items(), reverse=True)]
    counted += [f"{len(targets) - len(used):,} excluded"] if len(used) < len(targets) else []
    return f"{len(targets):,} targets: {', '.join(counted)}"


def _stand(draft: Draft, names: tuple[str, ...]) -> str:
    """Where targets were written, those of one row of YAML once."""
    return ", ".join(dict.fromkeys(str(draft.spec.places.of("target", name)) for name in names))


def _refuse_far_too_many(draft: Draft) -> None:
    """Tell counts that no weights can mean, where the published total that weights are scaled to says how many are."""
    spec, scale = draft.spec, draft.spec.base.scale_weights
    wanted = next((target.value for target in spec.targets if scale and target.id == scale.to), 0.0)
    rows = draft.profiles[spec.settings.base].rows
    if not scale or wanted <= 0 or not rows.get(scale.entity):
        return
    for target in spec.targets:
        there_are = wanted * rows.get(target.of, 0) / rows[scale.entity]
        counts = parse_measure(target.measure).kind == "count" and not target.exclude
        if not counts or not there_are or target.value <= FAR_TOO_MANY * there_are:
            continue
        draft.problems.add(
            f"target {target.id} counts {target.value:,.0f} of {target.of}, where the base has about {there_are:,.0f}",
            spec.places.of("target", target.id, "value"),
            f"give it in units; or {scale.to}, to which weights are scaled, is wrong",
        )
