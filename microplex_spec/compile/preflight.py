"""Targets held against each other before anything is solved: what says a thing twice, what cannot be true at once.

No data are read: the text, what the profiles know of the columns, and the figures themselves decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Literal, NamedTuple

from ..spec.domains import ColumnFacts
from ..spec.targets import Target
from .families import families
from .forms import Form, form_of, quotient
from .leaks import told_by_fitted
from .partitions import Partition, partitions

SAME = 1e-9
"""Two figures that differ by less than this share of them are one figure."""
PART_ABOVE_TOTAL = 100.0
"""A part that is this many times its total is told, whatever the tolerances are."""
NEAR_POWER = 0.2
"""A ratio this near to 1,000 or 1,000,000, as a share of it, looks like a figure in another unit."""
_POWERS = ((1e3, "thousands"), (1e6, "millions"))
_WHAT_TO_DO = "exclude one of them, or give a tolerance"


@dataclass(frozen=True)
class SetAside:
    """A target that is not used as its role says: not fitted, or, where it would judge nothing, only watched (monitor).

    text: why, in words that no edit of another line changes. against: ids it names.
    """

    status: Literal["duplicate", "contradictory", "monitor"]
    text: str
    against: tuple[str, ...]


@dataclass(frozen=True)
class Preflight:
    """set_aside, families: by target id. suspicions: (target id, what looks wrong with its figure)."""

    set_aside: Mapping[str, SetAside]
    families: Mapping[str, str]
    suspicions: tuple[tuple[str, str], ...] = ()


class Figure(NamedTuple):
    """A published figure, and how far the file may end from it, in its own unit."""

    value: float
    allowed: float

    def clashes(self, other: Figure) -> bool:
        """Whether no one value lies within what both allow."""
        slack = SAME * max(abs(self.value), abs(other.value))
        return abs(self.value - other.value) > self.allowed + other.allowed + slack

    def gap(self, other: Figure) -> str:
        """How far the other lies off, as a share of the larger."""
        size = max(abs(self.value), abs(other.value))
        share = 100 * abs(self.value - other.value) / size
        return f"{share:.2g} %" if share < 10 else f"{share:.0f} %"


def preflight(targets: Iterable[Target], facts: Mapping[str, ColumnFacts], tolerance: float) -> Preflight:
    """Judge all targets at once. facts: what is known of columns. tolerance: relative, of targets that give none.

    Only targets to be fitted speak against others; what is held out or watched takes part in families, so that no fold
    fits what another one holds out. What is held out judges only if the fitted ones do not tell it anyway.
    """
    by_id = {target.id: target for target in targets}
    forms = {name: form_of(target, facts) for name, target in by_id.items()}
    everywhere = partitions(forms, facts)
    judge = _Judge(by_id, forms, facts, tolerance)
    judge.same_forms()
    judge.totals(everywhere)
    judge.ratios()
    judge.leaks()
    judge.part_above_total(everywhere)
    joined = families(by_id.values(), forms, everywhere, facts)
    return Preflight(judge.aside, joined, tuple(dict.fromkeys(judge.suspicions)))


@dataclass
class _Judge:
    targets: Mapping[str, Target]
    forms: Mapping[str, Form]
    facts: Mapping[str, ColumnFacts]
    tolerance: float
    aside: dict[str, SetAside] = field(default_factory=dict)
    suspicions: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fit = {name for name, t in self.targets.items() if t.role == "fit" and not t.exclude}
        self.standing: dict[Form, str] = {}

    def figure(self, name: str) -> Figure:
        target = self.targets[name]
        size = abs(target.value)
        given = target.se if target.se and not target.tolerance else (target.tolerance or self.tolerance) * size
        return Figure(target.value, given)

    def same_forms(self) -> None:
        """Of targets that measure the same, keep one of each figure, and of figures that clash the better one."""
        alike: dict[Form, list[str]] = {}
        for name in sorted(self.fit):
            alike.setdefault(self.forms[name], []).append(name)
        for form, names in alike.items():
            if len(names) == 1:
                self.standing[form] = names[0]
                continue
            kept, *others = self._apart(sorted(names, key=self._preference))
            self.standing[form] = kept
            for name in others:
                mine, its = self.figure(name), self.figure(kept)
                if mine.clashes(its):
                    text = f"{_told(mine.value)} here and {_told(its.value)} as {kept} for the same thing"
                    self._contradict(name, text, mine, its, (kept,))

    def _apart(self, names: list[str]) -> list[str]:
        """Of the names, the better first, those of figures that differ; the others are set aside as duplicates."""
        kept: list[str] = []
        for name in names:
            value = self.targets[name].value
            same = next((other for other in kept if _equal(self.targets[other].value, value)), None)
            if same is None:
                kept.append(name)
                continue
            tighter = self._share(same) < self._share(name) * (1 - SAME)
            why = ", which is kept for its tighter tolerance" if tighter else ""
            text = f"the same figure of the same thing as {same}{why}; take one of the two out"
            self.aside[name] = SetAside("duplicate", text, (same,))
        return kept

    def leaks(self) -> None:
        """Watch held-out targets that the fitted ones tell, instead of judging the fit by them."""
        held_out = [name for name, t in sorted(self.targets.items()) if t.role == "holdout" and not t.exclude]
        fitted = {name: form for form, name in self.standing.items() if name not in self.aside}
        found = told_by_fitted({name: self.forms[name] for name in held_out}, fitted, self.facts)
        for name, tellers in found.items():
            said = f"the {len(tellers)} fitted targets {tellers[0]} to {tellers[-1]}"
            if len(tellers) <= 2:
                said = f"{' and '.join(tellers)}, which {'is' if len(tellers) == 1 else 'are'} fitted"
            text = f"is held out, but follows from {said}: it is watched, since it would judge nothing"
            self.aside[name] = SetAside("monitor", text, (tellers[0], tellers[-1]))

    def totals(self, everywhere: Iterable[Partition]) -> None:
        """Set totals aside that their parts do not sum up to; what was set aside is itself the sum of its parts."""
        among = {name: self.forms[name] for name in self.standing.values()}
        found = list(everywhere) if len(among) == len(self.forms) else partitions(among, self.facts)
        by_total: dict[str, list[Partition]] = {}
        for partition in found:
            by_total.setdefault(partition.total, []).append(partition)
        order = TopologicalSorter({name: [p for item in items for p in item.parts] for name, items in by_total.items()})
        finer: dict[str, tuple[str, ...]] = {}
        for total in order.static_order():
            sums: list[tuple[str, Figure]] = []
            for _, along, own in by_total.get(total, ()):
                parts = tuple(name for part in own for name in finer.get(part, (part,)))
                mine, its = self.figure(total), self._sum(parts)
                for other, figure in sums:
                    if its.clashes(figure):
                        text = f"has parts by {other} that sum to {_told(figure.value)}, and by {along} to"
                        self.suspicions.append((total, f"{text} {_told(its.value)}: no weights can meet both"))
                sums.append((along, its))
                if mine.clashes(its) and total not in self.aside:
                    text = f"{_told(mine.value)}, but its {len(parts)} parts by {along} sum to {_told(its.value)}"
                    text = f"{text} ({parts[0]} to {parts[-1]})"
                    hint = self._misread(total, mine, parts, its)
                    self._contradict(total, text, mine, its, (parts[0], parts[-1]), hint)
                    finer[total] = parts

    def ratios(self) -> None:
        """Set means and shares aside that are not the quotient of the sum and the count of their domain."""
        for form, name in list(self.standing.items()):
            top, bottom = (self._kept(figure) for figure in quotient(form, self.facts) or (None, None))
            if not top or not bottom or not self.targets[bottom].value:
                continue
            over, under = self.figure(top), self.figure(bottom)
            value = over.value / under.value
            share = over.allowed / abs(over.value) if over.value else 0.0
            its = Figure(value, abs(value) * (share + under.allowed / abs(under.value)))
            mine = self.figure(name)
            if mine.clashes(its):
                text = f"{_told(mine.value)}, but {top} over {bottom} is {_told(value)}"
                self._contradict(name, text, mine, its, (top, bottom))

    def part_above_total(self, everywhere: Iterable[Partition]) -> None:
        """Suspect parts that are far larger than what they are a part of, within whatever tolerance."""
        for total, _, parts in everywhere:
            whole = abs(self.targets[total].value)
            for part in parts:
                value = abs(self.targets[part].value)
                used = not (self.targets[part].exclude or self.targets[total].exclude)
                if used and whole and value > PART_ABOVE_TOTAL * whole:
                    self.suspicions.append((part, f"is {value / whole:,.0f} times {total}, of which it is a part"))

    def _kept(self, form: Form | None) -> str | None:
        name = self.standing.get(form) if form else None
        return None if name in self.aside else name

    def _sum(self, parts: Iterable[str]) -> Figure:
        values, allowed = zip(*(self.figure(part) for part in parts), strict=True)
        return Figure(sum(values), sum(allowed))

    def _preference(self, name: str) -> tuple[float, tuple[int, ...], str]:
        """The tighter tolerance first, then the later vintage, then the id."""
        vintage = self.targets[name].source.vintage
        return self._share(name), tuple(-int(number) for number in re.findall(r"\d+", vintage)), name

    def _share(self, name: str) -> float:
        """What the tolerance allows, as a share of the figure; of a figure of zero itself."""
        figure = self.figure(name)
        return figure.allowed / abs(figure.value) if figure.value else figure.allowed

    def _contradict(
        self, name: str, text: str, mine: Figure, its: Figure, against: tuple[str, ...], hint: str = ""
    ) -> None:
        hint = hint or _unit_hint(mine.value, its.value)
        text = "; ".join(filter(None, (f"{text}: {mine.gap(its)} apart, beyond both tolerances", hint, _WHAT_TO_DO)))
        self.aside[name] = SetAside("contradictory", text, against)

    def _misread(self, total: str, mine: Figure, parts: tuple[str, ...], its: Figure) -> str:
        """A part that, read in another unit, would make the sum right."""
        for part in parts:
            value = self.targets[part].value
            for power, word in _POWERS:
                for factor, said in (
                    (power, f"looks to be in {word}"),
                    (1 / power, f"looks {power:,.0f} times too large"),
                ):
                    if value and not mine.clashes(its._replace(value=its.value + value * (factor - 1))):
                        self.suspicions.append((part, f"{said}: {total}, of which it is a part, would then be met"))
                        return f"{part} {said}"
        return ""


def _unit_hint(mine: float, other: float) -> str:
    """That a figure is 1,000 or 1,000,000 times off what else is known of it; "" if it is not."""
    if not mine or not other or mine * other < 0:
        return ""
    for power, word in _POWERS:
        if abs(other / mine / power - 1) < NEAR_POWER:
            return f"the figure looks to be in {word}"
        if abs(mine / other / power - 1) < NEAR_POWER:
            return f"the figure looks {power:,.0f} times too large, or what it is held against to be in {word}"
    return ""


def _equal(one: float, other: float) -> bool:
    return abs(one - other) <= SAME * max(abs(one), abs(other))


def _told(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.6g}"
