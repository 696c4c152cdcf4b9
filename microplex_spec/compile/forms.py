"""What a target measures in one form: two targets of one form state the same figure, however they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..spec.domains import UNKNOWN, ColumnFacts, Domain, both, domain_of, with_zeros
from ..spec.expression import Expression, parse
from ..spec.expression_nodes import Name
from ..spec.measure import parse_measure
from ..spec.targets import Target

COUNT = "count()"


class Form(NamedTuple):
    """A measure of the rows of a domain. The domain of a sum holds rows of zero wherever its limits end at zero."""

    measure: str
    of: str
    period: int
    domain: Domain

    @property
    def additive(self) -> bool:
        """Whether the figure of a domain is the sum of the figures of its parts."""
        return self.measure == COUNT or self.measure.startswith("sum(")


def form_of(target: Target, facts: Mapping[str, ColumnFacts]) -> Form:
    """The form of a target. facts: what is known of columns."""
    measure = parse_measure(target.measure)
    domain = domain_of(parse(target.where) if target.where else None, facts)
    if measure.kind == "sum" and measure.argument is not None:
        return _sum(measure.argument, target.of, target.period, domain, facts)
    return Form(str(measure), target.of, target.period, domain)


def quotient(form: Form, facts: Mapping[str, ColumnFacts]) -> tuple[Form, Form] | None:
    """The two figures that a mean or a share is the quotient of, the upper one first; None for other measures."""
    measure = parse_measure(form.measure)
    if measure.kind not in ("mean", "share") or measure.argument is None:
        return None
    lower = form._replace(measure=COUNT)
    if measure.kind == "mean":
        return _sum(measure.argument, form.of, form.period, form.domain, facts), lower
    return lower._replace(domain=both(form.domain, domain_of(measure.argument, facts))), lower


def _sum(summed: Expression, of: str, period: int, domain: Domain, facts: Mapping[str, ColumnFacts]) -> Form:
    known = facts.get(summed.root.name, UNKNOWN) if isinstance(summed.root, Name) else UNKNOWN
    return Form(f"sum({summed})", of, period, with_zeros(domain, str(summed), known))
