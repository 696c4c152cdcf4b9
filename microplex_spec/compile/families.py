"""Families of targets: which are held out together, since the rest of a family would tell what one of it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ..spec.domains import ColumnFacts
from ..spec.targets import Target
from .forms import Form, quotient
from .partitions import Partition


def families(
    targets: Iterable[Target], forms: Mapping[str, Form], sums: Iterable[Partition], facts: Mapping[str, ColumnFacts]
) -> dict[str, str]:
    """Family of each target by id: the one declared, or read from its concept or id, joined where figures follow.

    A total joins the family of its parts, a mean or share that of the two figures it is the quotient of, and targets
    of one form are one family. A joined family has the name that most of its targets bring; of names that as many
    bring a declared one, else the first: one more target renames no family.
    """
    targets = list(targets)
    own = {target.id: family_name(target) for target in targets}
    first: dict[Form, str] = {}
    links = {(first.setdefault(form, own[name]), own[name]) for name, form in forms.items()}
    links |= {(own[total], own[part]) for total, _, parts in sums for part in parts}
    for form, family in first.items():
        upper, lower = quotient(form, facts) or (None, None)
        if upper in first:
            links.add((family, first[upper]))
            # Without the upper figure the lower one tells nothing, and one count lies below many means.
            links |= {(family, first[lower])} if lower in first else set()
    leader: dict[str, str] = {}

    def head(name: str) -> str:
        while name in leader:
            name = leader[name]
        return name

    for one, other in links:
        if head(one) != head(other):
            leader[head(other)] = head(one)
    sizes, declared = Counter(own.values()), {target.family for target in targets}
    names: dict[str, str] = {}
    for name in sorted(sizes, key=lambda name: (-sizes[name], name not in declared, name)):
        names.setdefault(head(name), name)
    return {name: names[head(family)] for name, family in own.items()}


def family_name(target: Target) -> str:
    """Declared, else the first part of the concept, else the id without its last part."""
    return target.family or target.source.concept.partition(".")[0] or target.id.rpartition(".")[0] or target.id
