"""Which targets are the sum of others: bands that tile a wider one, or codes that make up all there are."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from ..spec.domains import EVERYTHING, UNKNOWN, Code, Codes, ColumnFacts, Cut, Limit, Range
from .forms import Form


class Partition(NamedTuple):
    """One target that is the sum of others, which differ in one column alone."""

    total: str
    along: str
    parts: tuple[str, ...]


def partitions(
    forms: Mapping[str, Form], facts: Mapping[str, ColumnFacts], parts: Container[str] | None = None
) -> list[Partition]:
    """Each total with the finest parts along each column, and with others that lie across these, sorted.

    forms: of targets by id; of several with one form the first id stands for all. facts: what is known of columns.
    parts: ids that may be parts; all where it is left out.
    """
    standing: dict[Form, str] = {}
    for name in sorted(forms):
        if forms[name].additive:
            standing.setdefault(forms[name], name)
    alone: dict[tuple[Form, str], tuple[Limit, str]] = {}
    groups: dict[tuple[Form, str], dict[Limit, str]] = {}
    for form, name in standing.items():
        measure, of, period, domain = form
        for column, limit in domain.limits:
            key = (Form(measure, of, period, domain.without(column)), column)
            # Most stand alone, and a plan of thousands of targets has no time for a group each.
            first = alone.setdefault(key, (limit, name))
            if first[1] != name:
                groups.setdefault(key, dict([first]))[limit] = name
    found: list[Partition] = []
    for (wider, column), members in groups.items():
        usable = {limit: name for limit, name in members.items() if parts is None or name in parts}
        found += _along(column, members, usable, standing.get(wider), facts.get(column, UNKNOWN).codes)
    return sorted(found)


def _along(
    column: str, members: dict[Limit, str], usable: dict[Limit, str], whole: str | None, codes: int | None
) -> Iterator[Partition]:
    """The partitions among targets that differ in one column.

    usable: those of them that may be parts. whole: the target without a limit on the column.
    """
    totals = members | ({EVERYTHING: whole} if whole else {})
    ranges = [limit for limit in usable if isinstance(limit, Range)]
    sets = [limit for limit in usable if isinstance(limit, Codes)]
    starts: dict[Cut, list[Range]] = {}
    for limit in sorted(ranges):
        starts.setdefault(limit.low, []).append(limit)
    holding: dict[Code, list[Codes]] = {}
    for some in sets:
        for value in () if some.others else some.values:
            holding.setdefault(value, []).append(some)
    for total, name in totals.items():
        found: list[Iterable[Limit]] = []
        if isinstance(total, Range):
            found += _tilings(starts, total)
        elif not total.others and len(total.values) > 1:
            found += filter(None, [_cover(holding, total.values, total)])
        if total == EVERYTHING and not found:
            found += filter(None, [_all_codes(holding, sets, codes)])
        for parts in found:
            yield Partition(name, column, tuple(sorted(usable[part] for part in parts)))


def _tilings(starts: Mapping[Cut, list[Range]], total: Range) -> Iterator[list[Range]]:
    """The finest parts of `total` end to end, and further ones for ranges that lie across these: 15-19 across 18.

    starts: the ranges that begin at each cut, narrowest first. A range with parts of its own needs no further ones.
    """
    finest = _end_to_end(starts, total.low, total.high, total)
    if finest is None:
        return
    yield finest
    met = {total, *finest}
    for part in chain.from_iterable(starts.values()):
        inside = total.low <= part.low < part.high <= total.high
        if part in met or not inside or _end_to_end(starts, part.low, part.high, part):
            continue
        before = _end_to_end(starts, total.low, part.low, total)
        after = _end_to_end(starts, part.high, total.high, total)
        if before is not None and after is not None:
            met.update(before, [part], after)
            yield [*before, part, *after]


def _end_to_end(starts: Mapping[Cut, list[Range]], low: Cut, high: Cut, without: Range) -> list[Range] | None:
    """The narrowest ranges, but one, that lie end to end from `low` to `high`; None where there are none."""
    path: list[Range] = []
    if low == high:
        return path
    pending, dead = [iter(starts.get(low, ()))], set()
    while pending:
        for part in pending[-1]:
            if part == without or part.high > high or part.high <= part.low or part.high in dead:
                continue
            path.append(part)
            if part.high == high:
                return path
            pending.append(iter(starts.get(part.high, ())))
            break
        else:
            pending.pop()
            if path:
                dead.add(path.pop().high)
    return None


def _all_codes(holding: Mapping[Code, list[Codes]], sets: list[Codes], codes: int | None) -> list[Codes] | None:
    """Sets apart that hold every code of the column: as many as are known of, or some and all the others."""
    values = frozenset(holding)
    known = 2 if values <= {True, False} else codes
    if known is not None and len(values) == known:
        return _cover(holding, values, None)
    for others in sets:
        if others.others:
            if others.values in {limit.values for limit in sets if not limit.others}:
                return [Codes(others.values), others]
            if parts := _cover(holding, others.values, None):
                return [*parts, others]
    return None


def _cover(holding: Mapping[Code, list[Codes]], wanted: frozenset[Code], total: Codes | None) -> list[Codes] | None:
    """Sets apart that make up `wanted`, the smallest first, else the largest first; None where they do not."""
    near = dict.fromkeys(chain.from_iterable(holding.get(value, ()) for value in wanted))
    usable = [limit for limit in near if limit != total and limit.values <= wanted]
    usable.sort(key=lambda limit: repr(sorted(limit.values, key=repr)))
    for sign in (1, -1):
        taken: set[Code] = set()
        parts = []
        for limit in sorted(usable, key=lambda limit: sign * len(limit.values)):
            if taken.isdisjoint(limit.values):
                taken |= limit.values
                parts.append(limit)
        if taken == wanted and len(parts) > 1:
            return parts
    return None
