"""The rows that a predicate selects, in one form: limits on single columns, whatever way they were written.

`age >= 0 and age <= 4`, `4 >= age` and `between(age, 0, 4)` are one domain where ages are whole and not negative.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from .expression import Expression
from .expression_nodes import (
    Call,
    Comparison,
    EngineVariable,
    Logical,
    Membership,
    Name,
    Node,
    Not,
    Number,
    Quantifier,
    RoleColumn,
    Text,
    Truth,
)

# A point between values: just before the value (0), or just after it (1).
type Cut = tuple[float, int]
type Code = str | bool | float

LOWEST: Cut = (-math.inf, 0)
HIGHEST: Cut = (math.inf, 0)
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_FLAGS = (Name, RoleColumn, EngineVariable, Quantifier)


class Range(NamedTuple):
    """The values from one cut to another. On a column of whole numbers both cuts stand before a whole number."""

    low: Cut
    high: Cut


class Codes(NamedTuple):
    """The values of a set: codes, True or False of a flag, or numbers; `others`: every value but these."""

    values: frozenset[Code]
    others: bool = False


type Limit = Range | Codes

EVERYTHING = Range(LOWEST, HIGHEST)
_NOTHING: frozenset[Hashable] = frozenset()


@dataclass(frozen=True)
class ColumnFacts:
    """What makes two ways of limiting a column one: whether its values are whole, and where they end.

    least: no value lies below. most: none lies at or beyond it, on either side. codes: how many different ones there
    are; None where that is not known. complete: every row has a value, so that what is not below 18 is 18 or more.
    """

    whole: bool = False
    least: float = -math.inf
    most: float = math.inf
    codes: int | None = None
    complete: bool = False


UNKNOWN = ColumnFacts()
_COUNTED = ColumnFacts(whole=True, least=0, complete=True)
_HELD = ColumnFacts(complete=True)


class Domain(NamedTuple):
    """A set of rows: limits by column, sorted, and what else must hold, which is compared as a whole only."""

    limits: tuple[tuple[str, Limit], ...] = ()
    rest: frozenset[Hashable] = _NOTHING

    def without(self, column: str) -> Domain:
        return Domain(tuple([item for item in self.limits if item[0] != column]), self.rest)


def domain_of(where: Expression | None, facts: Mapping[str, ColumnFacts]) -> Domain:
    """The rows that a predicate selects; all of them for None. facts: of columns by name, where something is known."""
    return _domain(_conjuncts(_driven_in(where.root, facts)) if where else (), facts)


def with_zeros(domain: Domain, column: str, known: ColumnFacts) -> Domain:
    """The domain for a sum of the column, to which rows of zero add nothing: limits that end at zero take them in."""
    zero = {(0.0, 1), (1.0, 0)} if known.whole else {(0.0, 1)}
    limits = []
    for name, limit in domain.limits:
        if name == column and isinstance(limit, Range):
            low, high = ((0.0, 0) if cut in zero else cut for cut in limit)
            limit = _fitted(Range(low, high), known)
        limits.append((name, limit))
    return _collected(limits, domain.rest - {(column, "!=", 0.0)})


def both(first: Domain, second: Domain) -> Domain:
    """The rows in each of two domains."""
    return _collected([*first.limits, *second.limits], first.rest | second.rest)


def _domain(nodes: Iterable[Node], facts: Mapping[str, ColumnFacts]) -> Domain:
    limits: list[tuple[str, Limit]] = []
    rest: frozenset[Hashable] = _NOTHING
    for node in nodes:
        for item in _read(node, facts):
            if isinstance(item, _Limited):
                limits.append(item)
            else:
                rest |= {item}
    return _collected(limits, rest)


def _collected(limits: Iterable[tuple[str, Limit]], rest: frozenset[Hashable]) -> Domain:
    """One limit a column, those that limit nothing left out."""
    by_column: dict[str, Limit] = {}
    for column, limit in limits:
        known = by_column.get(column)
        joined = limit if known is None else _intersection(known, limit)
        if joined is None:
            rest = rest | {(column, limit)}
        else:
            by_column[column] = joined
    kept = [item for item in by_column.items() if item[1] != EVERYTHING]
    return Domain(tuple(sorted(kept, key=itemgetter(0))), rest)


class _Limited(NamedTuple):
    column: str
    limit: Limit


def _conjuncts(node: Node) -> tuple[Node, ...]:
    """The sides of an `and`, which the parser leaves flat."""
    return node.operands if isinstance(node, Logical) and node.operator == "and" else (node,)


def _driven_in(node: Node, facts: Mapping[str, ColumnFacts]) -> Node:
    """The same predicate with each `not` as far within as it goes (De Morgan), and its `and` and `or` flat again."""
    if isinstance(node, Not):
        opposite = _opposite(node.operand, facts)
        return node if opposite is None else _driven_in(opposite, facts)
    if not isinstance(node, Logical):
        return node
    operands: list[Node] = []
    for operand in node.operands:
        inner = _driven_in(operand, facts)
        same = isinstance(inner, Logical) and inner.operator == node.operator
        operands.extend(inner.children if same else [inner])
    return Logical(node.operator, tuple(operands))


def _opposite(node: Node, facts: Mapping[str, ColumnFacts]) -> Node | None:
    """What holds in just the rows in which a predicate does not; None where only a `not` says that.

    A comparison with a missing value is false either way round, so that it turns round only where none is missing.
    """
    match node:
        case Not(operand=operand):
            return operand
        case Truth(value=value):
            return Truth(not value)
        case Logical(operator=operator, operands=operands):
            return Logical("or" if operator == "and" else "and", tuple(Not(operand) for operand in operands))
        case Comparison(first=first, steps=((operator, second),)):
            return Comparison(first, ((_OPPOSITE[operator], second),)) if _complete((first, second), facts) else None
        case Comparison(first=first, steps=steps):
            sides = (first, *(side for _, side in steps))
            links = tuple(Not(Comparison(left, (step,))) for left, step in zip(sides, steps, strict=False))
            return Logical("or", links)
        case Membership(item=item):
            return replace(node, negated=not node.negated) if _complete((item,), facts) else None
        case Call(function="between", arguments=(item, low, high)):
            return Logical("or", (Not(Comparison(item, ((">=", low),))), Not(Comparison(item, (("<=", high),)))))
        case _:
            return None


def _complete(nodes: Iterable[Node], facts: Mapping[str, ColumnFacts]) -> bool:
    return all(_facts(node, facts).complete for node in nodes)


def _read(node: Node, facts: Mapping[str, ColumnFacts]) -> list[_Limited | Hashable]:
    """What a conjunct comes to: limits on columns, or one thing that is compared as a whole."""
    match node:
        case Comparison():
            sides = [node.first, *(side for _, side in node.steps)]
            return [_compared(left, step[0], step[1], facts) for left, step in zip(sides, node.steps, strict=False)]
        case Truth(value=True):
            return []
        case Membership():
            return [_member(node, facts)]
        case Call(function="between", arguments=(item, low, high)):
            return [_compared(item, ">=", low, facts), _compared(item, "<=", high, facts)]
        case Logical():
            return [_either([_domain(_conjuncts(operand), facts) for operand in node.operands])]
        case Not(operand=operand) if isinstance(operand, _FLAGS):
            return [_Limited(str(operand), Codes(frozenset([False])))]
        case Not(operand=operand):
            return [("not", _domain(_conjuncts(operand), facts))]
        case _:
            return [_Limited(str(node), Codes(frozenset([True])))]


def _compared(left: Node, operator: str, right: Node, facts: Mapping[str, ColumnFacts]) -> _Limited | Hashable:
    if isinstance(left, Number | Text | Truth):
        left, operator, right = right, _MIRRORED[operator], left
    if isinstance(right, Number):
        if operator == "!=":
            return str(left), operator, float(right.value)
        return _range(str(left), operator, float(right.value), _facts(left, facts))
    if isinstance(right, Text):
        return _code(str(left), operator, right.value)
    if isinstance(right, Truth) and operator in ("==", "!="):
        return _Limited(str(left), Codes(frozenset([right.value == (operator == "==")])))
    if operator in ("==", "!="):
        return operator, frozenset([str(left), str(right)])
    if operator in (">", ">="):
        left, operator, right = right, _MIRRORED[operator], left
    return str(left), operator, str(right)


# A few limits are those of thousands of targets: each state, each band.
@lru_cache(maxsize=4096)
def _range(column: str, operator: str, value: float, facts: ColumnFacts) -> _Limited:
    low, high = LOWEST, HIGHEST
    if operator in (">", ">=", "=="):
        low = (value, int(operator == ">"))
    if operator in ("<", "<=", "=="):
        high = (value, int(operator != "<"))
    return _Limited(column, _fitted(Range(low, high), facts))


@lru_cache(maxsize=4096)
def _code(column: str, operator: str, value: str) -> _Limited:
    return _Limited(column, Codes(frozenset([value]), operator == "!="))


def _member(node: Membership, facts: Mapping[str, ColumnFacts]) -> _Limited | Hashable:
    column = str(node.item)
    values = frozenset(float(v.value) if isinstance(v, Number) else v.value for v in node.literals)
    numbers = sorted(value for value in values if isinstance(value, float))
    if not numbers:
        return _Limited(column, Codes(values, node.negated))
    if node.negated:
        return column, "not in", values
    known = _facts(node.item, facts)
    ranges = [_fitted(Range((number, 0), (number, 1)), known) for number in numbers]
    joined = _union(ranges)
    return _Limited(column, Codes(values) if joined is None else joined)


def _either(domains: list[Domain]) -> _Limited | Hashable:
    """`or`: one limit where all sides limit the same column and come together, else compared as a whole."""
    alone = [domain.limits[0] for domain in domains if len(domain.limits) == 1 and not domain.rest]
    if len(alone) == len(domains) and len({column for column, _ in alone}) == 1:
        limits = [limit for _, limit in alone]
        codes = [limit for limit in limits if isinstance(limit, Codes) and not limit.others]
        ranges = [limit for limit in limits if isinstance(limit, Range)]
        joined: Limit | None = None
        if len(codes) == len(limits):
            joined = Codes(frozenset().union(*(limit.values for limit in codes)))
        elif len(ranges) == len(limits):
            joined = _union(ranges)
        if joined is not None:
            return _Limited(alone[0][0], joined)
    return "or", frozenset(domains)


def _facts(node: Node, facts: Mapping[str, ColumnFacts]) -> ColumnFacts:
    if isinstance(node, Name):
        return facts.get(node.name, UNKNOWN)
    if isinstance(node, RoleColumn):
        # A group without a holder of the role has no value, so that no limit on it is empty.
        return ColumnFacts(whole=facts.get(node.name, UNKNOWN).whole)
    if isinstance(node, Number | Text | Truth) or (isinstance(node, Quantifier) and node.kind in ("any", "all")):
        return _HELD
    return _COUNTED if isinstance(node, Quantifier) and node.kind == "count" else UNKNOWN


def _fitted(limit: Range, facts: ColumnFacts) -> Range:
    """The range with its cuts where the column's values can lie."""
    low, high = limit
    if facts.whole:
        low, high = _before_whole(low), _before_whole(high)
    if low <= (facts.least, 0) or low[0] <= -facts.most:
        low = LOWEST
    return Range(low, HIGHEST if high[0] >= facts.most else high)


def _before_whole(cut: Cut) -> Cut:
    value, after = cut
    if math.isinf(value):
        return cut
    return (float(math.floor(value) + 1 if after else math.ceil(value)), 0)


def _intersection(first: Limit, second: Limit) -> Limit | None:
    """What two limits on one column leave; None where that has no form of its own."""
    if isinstance(first, Range) and isinstance(second, Range):
        return Range(max(first.low, second.low), min(first.high, second.high))
    if isinstance(first, Codes) and isinstance(second, Codes):
        if first.others and second.others:
            return Codes(first.values | second.values, True)
        if first.others or second.others:
            named, left_out = (second, first) if first.others else (first, second)
            return Codes(named.values - left_out.values)
        return Codes(first.values & second.values)
    codes, limits = (first, second) if isinstance(first, Codes) else (second, first)
    if isinstance(codes, Codes) and isinstance(limits, Range) and not codes.others:
        return Codes(frozenset(v for v in codes.values if isinstance(v, float) and limits.low <= (v, 0) < limits.high))
    return None


def _union(ranges: list[Range]) -> Range | None:
    """One range of several that touch; None where a gap stays between them."""
    first, *others = sorted(ranges)
    joined = first
    for following in others:
        if following.low > joined.high:
            return None
        joined = Range(joined.low, max(joined.high, following.high))
    return joined
