"""How values of one entity reach another: amounts of a group divided among its members, members summed up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..spec.errors import Problem, SpecError, did_you_mean
from .base import Split

if TYPE_CHECKING:
    from ..population import Population

SPLITS: tuple[Split, ...] = ("as_is", "head", "adults", "members", "by")


def divide(values: np.ndarray, positions: np.ndarray, claims: np.ndarray) -> np.ndarray:
    """Divide each group's amount among its members in proportion to their claims; flags and codes are copied.

    values: (groups,). positions: (members,) row number of each member's group. claims: (members,) weights
    >= 0. Returns (members,): float64 amounts that sum over a group to the group's amount; for flags and
    text the value itself where the claim is positive, else False or "".
    Raises ValueError where a group with a value other than zero has no claim: the amount would be lost.
    """
    values, claims = np.asarray(values), np.asarray(claims, dtype=np.float64)
    if (claims < 0).any():
        raise ValueError("claims must not be negative")
    total = np.bincount(positions, weights=claims, minlength=len(values))
    present = values.astype(bool) if values.dtype.kind in "bOUT" else values != 0
    lost = int(np.count_nonzero(present & (total == 0)))
    if lost:
        raise ValueError(f"{lost:,} groups have an amount and nobody to give it to")
    if values.dtype.kind == "b":
        return values[positions] & (claims > 0)
    if values.dtype.kind in "OUT":
        return np.where(claims > 0, values[positions], "").astype(object)
    share = np.divide(claims, total[positions], out=np.zeros_like(claims), where=total[positions] > 0)
    return values.astype(np.float64)[positions] * share


def or_else(claims: np.ndarray, fallback: np.ndarray, positions: np.ndarray, groups: int) -> np.ndarray:
    """`claims` in the groups where anybody has one, `fallback` in the others. All (members,) but `groups`."""
    claimed = np.bincount(positions, weights=claims, minlength=groups) > 0
    return np.where(claimed[positions], claims, fallback)


def convert(
    population: Population,
    values: np.ndarray,
    source: str,
    target: str,
    split: Split = "as_is",
    where: np.ndarray | None = None,
) -> np.ndarray:
    """Values of entity `source` as values of entity `target`, totals kept.

    Same entity: unchanged. Upward (`source` lies within `target`): amounts are summed, flags are true if any
    is. Downward to the members by `split`: "head" gives all to the head, "adults" equally to head and spouse,
    "members" equally to all, "by" equally to the members where `where` is true, to the head where none is.
    From group to group that do not nest upward: down to members by `split`, then up.
    values: (rows of source,). where: (members,) bool. Returns (rows of target,).
    Raises SpecError for a downward conversion without a split, a group without the role, text sent upward.
    """
    if source == target:
        return np.asarray(values)
    if population.entities.is_above(target, source):
        return _upward(population, np.asarray(values), source, target)
    if split == "as_is":
        raise SpecError(
            Problem(
                f"values of {source} cannot stand as they are on {target}",
                hint="say how they split: head, adults, members or by",
            )
        )
    member = population.entities.member
    claims = _claims(population, source, split, where)
    among = divide(values, population.positions(member, source), claims)
    return among if target == member else _upward(population, among, member, target)


def _upward(population: Population, values: np.ndarray, source: str, target: str) -> np.ndarray:
    if values.dtype.kind in "OUT":
        raise SpecError(f"codes of {source} have no sum on {target}; derive a variable of {target}")
    return population.aggregate(values, source, target, "any" if values.dtype == bool else "sum")


def _claims(population: Population, group: str, split: Split, where: np.ndarray | None) -> np.ndarray:
    """(members,) what each member may claim of the amount of its `group`."""
    member = population.entities.member
    if split == "members":
        return np.ones(population.size(member))
    head = _role(population, group, "head")
    if split == "head":
        return head
    if split == "adults":
        return np.maximum(head, _role(population, group, "spouse"))
    if split == "by":
        if where is None:
            raise ValueError("split 'by' needs `where`, a flag of the members")
        chosen = np.asarray(where, dtype=np.float64)
        return or_else(chosen, head, population.positions(member, group), population.size(group))
    raise SpecError(Problem(f"unknown split {split!r}", hint=did_you_mean(split, SPLITS)))


def _role(population: Population, group: str, role: str) -> np.ndarray:
    roles = population.entities[group].roles
    if role not in roles:
        raise SpecError(Problem(f"{group} has no role {role!r} to split by", hint=did_you_mean(role, roles)))
    return population.column(roles[role]).astype(np.float64)
