"""Targets held against each other before anything is solved: what says a thing twice, what cannot be true at once.

No data are read: the text, what the profiles know of the columns, and the figures themselves decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Literal, NamedTuple

from ..spec.domains import ColumnFacts, both, domain_of
from ..spec.expression import parse
from ..spec.measure import parse_measure
from ..spec.targets import Target
from .partitions import Form, Partition, partitions

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
    """A target that is not fitted. text: why, in words that no edit of another line changes. against: ids it names."""

    status: Literal["duplicate", "contradictory"]
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

    Only targets to be fitted can be set aside, and only they speak against others; what is held out or watched takes
    part in families, so that no fold fits what another one holds out.
    """
    by_id = {target.id: target for target in targets}
    forms = {name: _form(target, facts) for name, target in by_id.items()}
    everywhere = partitions(forms, facts)
    judge = _Judge(by_id, forms, facts, tolerance)
    judge.same_forms()
    judge.leaks()
    judge.totals(everywhere)
    judge.ratios()
    judge.part_above_total(everywhere)
    return Preflight(judge.aside, families(by_id.values(), forms, everywhere), tuple(dict.fromkeys(judge.suspicions)))


def families(targets: Iterable[Target], forms: Mapping[str, Form], sums: Iterable[Partition]) -> dict[str, str]:
    """Family of each target by id: the one declared, or read from its concept or id, joined where figures follow.

    A total joins the family of its parts, a mean that of the sum it divides, and targets of one form are one family:
    left in, either would tell what the other is. A joined family has the first of the declared names, else of all.
    """
    targets = list(targets)
    own = {target.id: family_name(target) for target in targets}
    leader: dict[str, str] = {}

    def head(name: str) -> str:
        while name in leader:
            name = leader[name]
        return name

    declared = {target.family for target in targets if target.family}
    links = {(own[total], own[part]) for total, _, parts in sums for part in parts}
    first: dict[Form, str] = {}
    links |= {(first.setdefault(form, own[name]), own[name]) for name, form in forms.items()}
    for form, family in first.items():
        if form.measure.startswith("mean("):
            links.add((family, first.get(form._replace(measure=f"sum({form.measure[5:]}"), family)))
    for one, other in links:
        pair = sorted({head(one), head(other)}, key=lambda name: (name not in declared, name))
        if len(pair) == 2:
            leader[pair[1]] = pair[0]
    return {name: head(family) for name, family in own.items()}


def family_name(target: Target) -> str:
    """Declared, else the first part of the concept, else the id without its last part."""
    return target.family or target.source.concept.partition(".")[0] or target.id.rpartition(".")[0] or target.id


def _form(target: Target, facts: Mapping[str, ColumnFacts]) -> Form:
    where = parse(target.where) if target.where else None
    return Form(str(parse_measure(target.measure)), target.of, target.period, domain_of(where, facts))


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
            figures: dict[str, float] = {}
            for name in names:
                value = self.targets[name].value
                same = next((n for n, v in figures.items() if abs(v - value) <= SAME * max(abs(v), abs(value))), None)
                if same is None:
                    figures[name] = value
                else:
                    text = f"the same figure of the same thing as {same}; take one of the two out"
                    self.aside[name] = SetAside("duplicate", text, (same,))
            kept, *others = sorted(figures, key=self._preference)
            self.standing[form] = kept
            for name in others:
                mine, its = self.figure(name), self.figure(kept)
                if mine.clashes(its):
                    text = f"{_told(mine.value)} here and {_told(its.value)} as {kept} for the same thing"
                    self._contradict(name, text, mine, its, (kept,))

    def leaks(self) -> None:
        """Suspect held-out targets that say what a fitted one says: they judge nothing."""
        for name in sorted(set(self.targets) - self.fit):
            target, other = self.targets[name], self.standing.get(self.forms[name])
            if other and target.role == "holdout" and not target.exclude:
                self.suspicions.append((name, f"is held out, but measures the same as {other}, which is fitted"))

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
            measure = parse_measure(form.measure)
            if measure.kind not in ("mean", "share") or measure.argument is None:
                continue
            if measure.kind == "mean":
                above = form._replace(measure=f"sum({measure.argument})")
            else:
                held = domain_of(measure.argument, self.facts)
                above = form._replace(measure="count()", domain=both(form.domain, held))
            top, bottom = (self._kept(f) for f in (above, form._replace(measure="count()")))
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

    def _kept(self, form: Form) -> str | None:
        name = self.standing.get(form)
        return None if name in self.aside else name

    def _sum(self, parts: Iterable[str]) -> Figure:
        values, allowed = zip(*(self.figure(part) for part in parts), strict=True)
        return Figure(sum(values), sum(allowed))

    def _preference(self, name: str) -> tuple[float, tuple[int, ...], str]:
        """The tighter tolerance first, then the later vintage, then the id."""
        figure, vintage = self.figure(name), self.targets[name].source.vintage
        share = figure.allowed / abs(figure.value) if figure.value else figure.allowed
        return share, tuple(-int(number) for number in re.findall(r"\d+", vintage)), name

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


def _told(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.6g}"
