"""The nodes an expression is made of, each with its canonical text.

A node compares equal to another of the same meaning: where it stood in the source (`at`) does not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

# How tightly a node binds, as in Python; an operand that binds less than its place asks gets parentheses.
_OR, _AND, _NOT, _COMPARE, _ADD, _MULTIPLY, _NEGATE, _ATOM = range(8)


@dataclass(frozen=True)
class Node:
    """A part of an expression; `at` is its offset in the source text."""

    rank: ClassVar[int] = _ATOM
    at: int = field(default=0, compare=False, repr=False, kw_only=True)

    @property
    def children(self) -> tuple[Node, ...]:
        return ()

    @property
    def binding(self) -> int:
        return self.rank

    def within(self, rank: int) -> str:
        """The text of this node where something that binds at least as tightly as `rank` is expected."""
        return str(self) if self.binding >= rank else f"({self})"

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        pending: list[Node] = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(reversed(node.children))


@dataclass(frozen=True)
class Number(Node):
    value: int | float

    @property
    def binding(self) -> int:
        return _NEGATE if repr(self.value).startswith("-") else _ATOM

    def __str__(self) -> str:
        return repr(self.value)


@dataclass(frozen=True)
class Text(Node):
    value: str

    def __str__(self) -> str:
        return repr(self.value)


@dataclass(frozen=True)
class Truth(Node):
    value: bool

    def __str__(self) -> str:
        return repr(self.value)


@dataclass(frozen=True)
class Name(Node):
    """A column."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class RoleColumn(Node):
    """A column of the member who holds a role in the group: head.age."""

    role: str
    name: str

    def __str__(self) -> str:
        return f"{self.role}.{self.name}"


@dataclass(frozen=True)
class EngineVariable(Node):
    """A variable that a rules engine computes: policyengine_us.eitc."""

    engine: str
    name: str

    def __str__(self) -> str:
        return f"{self.engine}.{self.name}"


@dataclass(frozen=True)
class Negative(Node):
    rank: ClassVar[int] = _NEGATE
    operand: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)

    def __str__(self) -> str:
        return f"-{self.operand.within(_NEGATE)}"


@dataclass(frozen=True)
class Arithmetic(Node):
    operator: str
    left: Node
    right: Node

    @property
    def binding(self) -> int:
        return _ADD if self.operator in "+-" else _MULTIPLY

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    def __str__(self) -> str:
        return f"{self.left.within(self.binding)} {self.operator} {self.right.within(self.binding + 1)}"


@dataclass(frozen=True)
class Comparison(Node):
    """One or more comparisons in a chain: 0 < x <= 5."""

    rank: ClassVar[int] = _COMPARE
    first: Node
    steps: tuple[tuple[str, Node], ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.first, *(operand for _, operand in self.steps))

    def __str__(self) -> str:
        rest = (f" {operator} {operand.within(_ADD)}" for operator, operand in self.steps)
        return self.first.within(_ADD) + "".join(rest)


@dataclass(frozen=True)
class Membership(Node):
    rank: ClassVar[int] = _COMPARE
    item: Node
    literals: tuple[Number | Text, ...]
    negated: bool = False

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.item,)

    def __str__(self) -> str:
        word = "not in" if self.negated else "in"
        return f"{self.item.within(_ADD)} {word} [{', '.join(map(str, self.literals))}]"


@dataclass(frozen=True)
class Not(Node):
    rank: ClassVar[int] = _NOT
    operand: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)

    def __str__(self) -> str:
        return f"not {self.operand.within(_NOT)}"


@dataclass(frozen=True)
class Logical(Node):
    """and, or: two operands or more."""

    operator: str
    operands: tuple[Node, ...]

    @property
    def binding(self) -> int:
        return _AND if self.operator == "and" else _OR

    @property
    def children(self) -> tuple[Node, ...]:
        return self.operands

    def __str__(self) -> str:
        return f" {self.operator} ".join(operand.within(self.binding + 1) for operand in self.operands)


@dataclass(frozen=True)
class Call(Node):
    """between, min, max or abs: a function of values of the same row."""

    function: str
    arguments: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.arguments

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True)
class Quantifier(Node):
    """any, all, count, sum, mean, max_of or min_of: one value per group out of the rows within it."""

    kind: str
    argument: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.argument,)

    def __str__(self) -> str:
        return f"{self.kind}({self.argument})"
