"""The step that judges the finished file by the spec's checks, after all results and before the report."""

from __future__ import annotations

from fnmatch import fnmatchcase

from ..plan import Reason
from ..spec.checks import BaselineCheck, MetricCheck, TargetsCheck, kind_of
from ..spec.cost import Cost
from ..spec.targets import Target
from .base import Draft


def add_check_step(draft: Draft, targets: str, evaluate: str, export: str) -> list[str]:
    """Add the step and return its id in a list; none where the spec has no checks.

    targets, evaluate, export: ids of the steps that know families, leave figures and leave tables.
    """
    spec = draft.spec
    if not spec.checks:
        return []
    families = {row["id"]: row["family"] for row in draft.steps[targets].params["targets"]}
    for check in spec.checks:
        if isinstance(check, TargetsCheck):
            _check_chosen(draft, check, families)
    against = any(isinstance(check, BaselineCheck) for check in spec.checks)
    checks = sorted(spec.checks, key=lambda check: check.id)
    rows = [check.model_dump(mode="json", exclude_none=True, exclude={"reason"}) for check in checks]
    step = draft.add(
        "check",
        spec.name,
        {"checks": [{**row, "kind": kind_of(check)} for row, check in zip(rows, checks, strict=True)]},
        [evaluate, export] if against else [evaluate],
        reasons=[Reason("judge", f"{len(rows)} checks of the finished file, from checks.yaml")],
        cost=Cost(work={"check.fixed": 1, "evaluate.read": draft.bytes(spec.settings.base) if against else 0}),
        meta={
            "reasons": {check.id: check.reason for check in spec.checks},
            "root": str(spec.project.root),
            "entities": {
                check.variable: spec.variables[check.variable].entity
                for check in spec.checks
                if isinstance(check, BaselineCheck | MetricCheck) and check.variable
            },
        },
    )
    return [step]


def _check_chosen(draft: Draft, check: TargetsCheck, families: dict[str, str]) -> None:
    """Report a family that no target is of, and a choice that leaves no target."""
    family, places = check.targets.family, draft.spec.places
    if family is not None and family not in families.values():
        place = places.of("check", check.id, "targets", "family")
        draft.problems.unknown("family of targets", family, families.values(), place)
    elif not any(_is_chosen(target, check, families[target.id]) for target in draft.spec.targets):
        place = places.of("check", check.id, "targets")
        draft.problems.add("no target is chosen", place, f"its role is {check.targets.role} where nothing is said")


def _is_chosen(target: Target, check: TargetsCheck, family: str) -> bool:
    chosen = check.targets
    return (
        chosen.family in (None, family)
        and chosen.agency in (None, target.source.agency)
        and chosen.role == target.role
        and not target.exclude
        and (not chosen.ids or any(fnmatchcase(target.id, glob) for glob in chosen.ids))
    )
