"""Held-out targets that fitted ones tell exactly: by the same figure, a sum and its parts, or a quotient."""

from __future__ import annotations

from collections.abc import Mapping

from ..spec.domains import ColumnFacts
from .forms import Form, quotient
from .partitions import partitions


def told_by_fitted(
    held_out: Mapping[str, Form], fitted: Mapping[str, Form], facts: Mapping[str, ColumnFacts]
) -> dict[str, tuple[str, ...]]:
    """By id of each such target the fitted ones that tell it.

    held_out, fitted: forms by id, of the fitted one a form. Of a relation whose other figures are all told, the last
    one is told, too: a part by its total and the other parts, a count by the mean and the sum.
    """
    if not held_out:
        return {}
    first: dict[Form, str] = {}
    for name, form in (*fitted.items(), *held_out.items()):
        first.setdefault(form, name)
    among = {name: form for form, name in first.items()}
    # The finest parts may be held out themselves where wider ones are fitted.
    sums = partitions(among, facts) + partitions(among, facts, parts=fitted)
    relations = [(total, *parts) for total, _, parts in sums]
    for name, form in among.items():
        upper, lower = quotient(form, facts) or (None, None)
        if upper in first and lower in first:
            relations.append((name, first[upper], first[lower]))
    tellers: dict[str, tuple[str, ...]] = {name: (name,) for name in fitted}
    while True:
        found: dict[str, tuple[str, ...]] = {}
        for members in relations:
            untold = [name for name in members if name not in tellers]
            if len(untold) == 1:
                told = dict.fromkeys(teller for name in members for teller in tellers.get(name, ()))
                found.setdefault(untold[0], tuple(told))
        if not found:
            return {name: tellers[first[form]] for name, form in held_out.items() if first[form] in tellers}
        tellers |= found
