"""The ledger of a spec's targets before anything is built, and with what a build found of them where one stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from ..plan import Plan
    from ..spec.model import Spec
    from .store import Store

TO_FIT = "to_fit"
"""Status of a target that is to be fitted, before the data have told whether it can be."""
STATUSES = (
    "fitted", TO_FIT, "holdout", "monitor", "excluded", "duplicate", "contradictory", "unsupported", "unreachable"
)  # fmt: skip


@dataclass(frozen=True)
class TargetRow:
    """One target: what is declared of it, how it is used and why, and what the data say.

    support: households that contribute. initial: its estimate before calibration, in its unit. stretch: the value over
    that estimate. These are None where no build has found them out. place: file:line:column.
    """

    id: str
    status: str
    role: str
    value: float
    unit: str
    agency: str
    family: str
    support: int | None
    initial: float | None
    stretch: float | None
    reason: str
    place: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def target_ledger(spec: Spec, plan: Plan, store: Store) -> tuple[list[TargetRow], str]:
    """The rows of all targets in the order of the spec, and the kind of the step that told what the data say.

    That is calibrate or targets, whichever stands in the store for this very plan; "" if neither does.
    """
    found, kind = _stored(plan, store)
    return list(_rows(spec, plan, found)), kind


def _stored(plan: Plan, store: Store) -> tuple[pd.DataFrame | None, str]:
    for kind in ("calibrate", "targets"):
        for step in plan.of_kind(kind):
            path = store.path(step.key) / "ledger.parquet"
            if step.key in store and path.is_file():
                import pandas as pd

                return pd.read_parquet(path).set_index("id"), kind
    return None, ""


def _rows(spec: Spec, plan: Plan, found: pd.DataFrame | None) -> Iterator[TargetRow]:
    (step,) = plan.of_kind("targets")
    declared = {row["id"]: row for row in step.params["targets"]}
    told = step.meta["set_aside"]
    data = {} if found is None else found.to_dict("index")
    for target in spec.targets:
        row, known = declared[target.id], data.get(target.id, {})
        status, reason = _planned(row)
        initial = _number(known.get("initial"))
        yield TargetRow(
            id=target.id,
            status=known.get("status", status),
            role=target.role,
            value=target.value,
            unit=target.unit,
            agency=target.source.agency,
            family=row["family"],
            support=known.get("support"),
            initial=initial,
            stretch=target.value / initial if initial else None,
            reason=told.get(target.id) or known.get("reason", reason),
            place=str(spec.places.of("target", target.id) or ""),
        )


def _planned(row: dict[str, Any]) -> tuple[str, str]:
    """Status and reason as far as the text decides them."""
    if row.get("exclude"):
        return "excluded", row["exclude"]
    if "set_aside" in row:
        status, reason = row["set_aside"]
        return status, reason
    return (TO_FIT, "") if row["role"] == "fit" else (row["role"], "compared, never fitted")


def _number(value: float | None) -> float | None:
    return None if value is None or value != value else float(value)
