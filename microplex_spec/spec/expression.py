"""Predicates and derived values as text: a small safe language on Python's grammar, never run by Python.

Comparisons (chains too), and/or/not, in/not in with a literal list, + - * /, numbers, quoted codes,
True/False, columns, `between(x, low, high)` (both ends included, as in SQL), min, max, abs; quantifiers over
the rows within a group: any, all, count, sum, mean, max_of, min_of; `head.age` for the holder of a role;
`policyengine_us.eitc` for a variable that a rules engine computes.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from .errors import Place, Problem, SpecError, did_you_mean
from .expression_nodes import (
    Arithmetic,
    Call,
    Comparison,
    EngineVariable,
    Logical,
    Membership,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Quantifier,
    RoleColumn,
    Text,
    Truth,
)
from .registry import ENGINES

QUANTIFIERS = ("any", "all", "count", "sum", "mean", "max_of", "min_of")
# Least and most arguments of each function.
FUNCTIONS = {"between": (3, 3), "min": (2, 20), "max": (2, 20), "abs": (1, 1)}

_ALLOWED = (
    "allowed: columns, numbers, quoted codes, True, False, + - * /, == != < <= > >=, in [...], and, or, not, "
    + ", ".join(f"{name}()" for name in (*FUNCTIONS, *QUANTIFIERS))
    + ", head.column, engine.variable"
)
_COMPARISONS = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_SYMBOLS = {ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.Mod: "%", ast.Pow: "**", ast.FloorDiv: "//"}
_REFUSED = {
    ast.Subscript: "a subscript x[...]",
    ast.Lambda: "a lambda",
    ast.JoinedStr: "an f-string",
    ast.NamedExpr: "an assignment (:=)",
    ast.IfExp: "if ... else",
    ast.List: "a list outside `in`",
    ast.Tuple: "a tuple outside `in`",
    ast.Attribute: "a dot on something that is no role or engine",
    ast.Starred: "a star",
}
# Parsed texts that are kept: more than a spec of many targets has, yet some tens of megabytes at most.
REMEMBERED = 20_000
_MAX_CHARACTERS = 10_000
_MAX_DEPTH = 100
_LAST_EXACT_INTEGER = 2**53
_WHITESPACE = re.compile(r"[\n\r\t\f\v]")


@dataclass(frozen=True)
class Expression:
    """A parsed expression. Equal to every other of the same meaning; `str` is its canonical text.

    source, place: the text as written and where it stands, for messages only.
    """

    root: Node
    source: str = field(default="", compare=False, repr=False)
    place: Place | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return self._text

    @cached_property
    def _text(self) -> str:
        return str(self.root)

    @cached_property
    def names(self) -> frozenset[str]:
        """The columns used, those of role holders included."""
        return frozenset(node.name for node in self.root.walk() if isinstance(node, Name | RoleColumn))

    @cached_property
    def engine_variables(self) -> frozenset[tuple[str, str]]:
        """The (engine, variable) pairs used."""
        return frozenset((n.engine, n.name) for n in self.root.walk() if isinstance(n, EngineVariable))

    @cached_property
    def roles(self) -> frozenset[str]:
        """The roles used: {"head"} for head.age."""
        return frozenset(node.role for node in self.root.walk() if isinstance(node, RoleColumn))

    def place_of(self, node: Node) -> Place | None:
        """Where a node of this expression stands."""
        return place_at(self.source, self.place, node.at)


def parse(text: str, place: Place | None = None, engines: Collection[str] | None = None) -> Expression:
    """Parse an expression; SpecError that says what is not allowed, where, and what is.

    place: where the text starts in its file; problems point into it. engines: names that a dot may follow
    to mean an engine's variable (default: the installed engines); any other name before a dot is a role.
    """
    if place is None and engines is None:
        return _remembered(text)
    return _parse(text, place, engines)


def _parse(text: str, place: Place | None, engines: Collection[str] | None) -> Expression:
    tree, start = read_tree(text, place)
    return Expression(Builder(text, place, start, engines).build(tree), text, place)


@lru_cache(maxsize=REMEMBERED)
def _remembered(text: str) -> Expression:
    """One text is parsed again by each check, compiler part and task that asks what it names."""
    return _parse(text, None, None)


def place_at(source: str, place: Place | None, offset: int) -> Place | None:
    """`place` moved to `offset` of the text that starts there; a text of several lines keeps its start."""
    if place is None or "\n" in source[:offset]:
        return place
    return replace(place, column=place.column + offset)


def read_tree(text: str, place: Place | None) -> tuple[ast.expr, int]:
    """Python's syntax tree of one expression, and how many characters were stripped before it."""

    def fail(message: str, offset: int = 0, hint: str = "") -> SpecError:
        return _error(text, place, offset, message, hint)

    flat = _WHITESPACE.sub(" ", text)
    stripped = flat.strip(" ")
    start = len(flat) - len(flat.lstrip(" "))
    if not stripped:
        raise fail("empty expression")
    if len(stripped) > _MAX_CHARACTERS:
        raise fail(f"expression of more than {_MAX_CHARACTERS:,} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(stripped, mode="eval").body
    except SyntaxError as error:
        offset = start + max((error.offset or 1) - 1, 0)
        place_in_text = min(offset, len(text))
        if "leading zeros" in error.msg:
            raise fail("a number with a leading zero", place_in_text, "if it is a code, quote it: '06'") from None
        hint = "write and, or, not" if "&" in text or "|" in text else ""
        raise fail(f"not an expression: {error.msg}", place_in_text, hint) from None
    except (ValueError, RecursionError, MemoryError):
        raise fail("not an expression: it cannot be read") from None
    rest = stripped.encode()[tree.end_col_offset :].decode(errors="ignore")
    if rest.strip(" )"):
        raise fail("no comment may stand in an expression", len(text.rstrip()) - len(rest.lstrip(" )")))
    return tree, start


def _error(text: str, place: Place | None, offset: int, message: str, hint: str) -> SpecError:
    if place is None:
        shown = text if len(text) <= 60 else text[:57] + "..."
        message = f"{message}, at character {offset + 1} of {shown!r}"
    return SpecError(Problem(message, place_at(text, place, offset), hint))


class Builder:
    """Turns Python's syntax tree into nodes, refusing everything that is not on the list."""

    def __init__(self, text: str, place: Place | None, start: int, engines: Collection[str] | None):
        self._text, self._place, self._start = text, place, start
        self._stripped = _WHITESPACE.sub(" ", text).strip(" ").encode()
        self._engines = set(ENGINES.names() if engines is None else engines)
        self._depth = 0

    def build(self, tree: ast.expr) -> Node:
        """The node of one syntax tree; SpecError for anything that is not allowed."""
        rule = self._RULES.get(type(tree))
        if rule is None:
            raise self.refuse(tree, _REFUSED.get(type(tree), type(tree).__name__))
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self.fail(tree, f"nested more than {_MAX_DEPTH} deep", "split it into derived variables")
        node = rule(self, tree)
        self._depth -= 1
        return node

    def offset(self, tree: ast.expr) -> int:
        """Where the tree stands in the text as written, in characters."""
        before = self._stripped[: tree.col_offset]
        return self._start + (len(before) if before.isascii() else len(before.decode(errors="ignore")))

    def fail(self, tree: ast.expr, message: str, hint: str = "") -> SpecError:
        return _error(self._text, self._place, self.offset(tree), message, hint)

    def refuse(self, tree: ast.expr, what: str) -> SpecError:
        return self.fail(tree, f"{what} is not allowed in an expression", _ALLOWED)

    def _constant(self, tree: ast.Constant) -> Node:
        value, at = tree.value, self.offset(tree)
        if isinstance(value, bool):
            return Truth(value, at=at)
        if isinstance(value, int | float):
            return self._number(tree, value)
        if isinstance(value, str):
            if not _is_plain(value):
                raise self.refuse(tree, "text that is no valid unicode")
            return Text(value, at=at)
        raise self.refuse(tree, repr(value))

    def _number(self, tree: ast.expr, value: int | float) -> Number:
        """Whole numbers become int, so that 5 and 5.0 have one text; beyond 2**53 all are float."""
        if abs(value) > _LAST_EXACT_INTEGER:
            try:
                value = float(value)
            except OverflowError:
                value = math.inf
            if math.isinf(value):
                raise self.refuse(tree, "a number beyond 1.8e308")
        elif value == int(value):
            value = int(value)
        return Number(value, at=self.offset(tree))

    def _name(self, tree: ast.Name) -> Node:
        if tree.id in FUNCTIONS or tree.id in QUANTIFIERS:
            raise self.fail(tree, f"{tree.id} is a function", f"write {tree.id}(...)")
        return Name(tree.id, at=self.offset(tree))

    def _attribute(self, tree: ast.Attribute) -> Node:
        if not isinstance(tree.value, ast.Name):
            raise self.refuse(tree, _REFUSED[ast.Attribute])
        kind = EngineVariable if tree.value.id in self._engines else RoleColumn
        return kind(tree.value.id, tree.attr, at=self.offset(tree))

    def _unary(self, tree: ast.UnaryOp) -> Node:
        if isinstance(tree.op, ast.Not):
            return Not(self.build(tree.operand), at=self.offset(tree))
        if not isinstance(tree.op, ast.USub):
            raise self.refuse(tree, "a unary + or ~")
        operand = self.build(tree.operand)
        if isinstance(operand, Number):
            return Number(-operand.value, at=self.offset(tree))
        return Negative(operand, at=self.offset(tree))

    def _binary(self, tree: ast.BinOp) -> Node:
        operator = _ARITHMETIC.get(type(tree.op))
        if operator is None:
            bitwise = isinstance(tree.op, ast.BitAnd | ast.BitOr)
            hint = "write and, or, not" if bitwise else _ALLOWED
            raise self.fail(
                tree, f"the operator {_SYMBOLS.get(type(tree.op), type(tree.op).__name__)} is not allowed", hint
            )
        return Arithmetic(operator, self.build(tree.left), self.build(tree.right), at=self.offset(tree))

    def _logical(self, tree: ast.BoolOp) -> Node:
        operator = "and" if isinstance(tree.op, ast.And) else "or"
        operands: list[Node] = []
        for value in tree.values:
            node = self.build(value)
            same = isinstance(node, Logical) and node.operator == operator
            operands.extend(node.children if same else [node])
        return Logical(operator, tuple(operands), at=self.offset(tree))

    def _compare(self, tree: ast.Compare) -> Node:
        first, at = self.build(tree.left), self.offset(tree)
        if isinstance(tree.ops[0], ast.In | ast.NotIn) and len(tree.ops) == 1:
            negated = isinstance(tree.ops[0], ast.NotIn)
            return Membership(first, self._literals(tree.comparators[0]), negated, at=at)
        steps = []
        for operator, operand in zip(tree.ops, tree.comparators, strict=True):
            if type(operator) not in _COMPARISONS:
                what = "`in` within a chain" if isinstance(operator, ast.In | ast.NotIn) else "`is`"
                raise self.refuse(operand, what)
            steps.append((_COMPARISONS[type(operator)], self.build(operand)))
        return Comparison(first, tuple(steps), at=at)

    def _literals(self, tree: ast.expr) -> tuple[Number | Text, ...]:
        if not isinstance(tree, ast.List | ast.Tuple) or not tree.elts:
            hint = 'write x in [1, 2] or x in ["06"]'
            raise self.fail(tree, "`in` needs a list of numbers or quoted codes", hint)
        values = []
        for element in tree.elts:
            value = self.build(element)
            if not isinstance(value, Number | Text):
                raise self.fail(element, f"{value} in a list: only numbers and quoted codes may stand there")
            values.append(value)
        return tuple(values)

    def _call(self, tree: ast.Call) -> Node:
        name = tree.func.id if isinstance(tree.func, ast.Name) else ""
        if name not in FUNCTIONS and name not in QUANTIFIERS:
            hint = did_you_mean(name, (*FUNCTIONS, *QUANTIFIERS)) or _ALLOWED
            raise self.fail(tree, f"unknown function {name!r}" if name else "no such call is allowed", hint)
        if tree.keywords:
            raise self.refuse(tree, "an argument by name")
        least, most = FUNCTIONS.get(name, (1, 1))
        if not least <= len(tree.args) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            hint = f"over the rows of a group use {name}_of(...)" if f"{name}_of" in QUANTIFIERS else ""
            raise self.fail(tree, f"{name}() takes {wanted} arguments, got {len(tree.args)}", hint)
        arguments = tuple(self.build(argument) for argument in tree.args)
        if name in FUNCTIONS:
            return Call(name, arguments, at=self.offset(tree))
        return Quantifier(name, arguments[0], at=self.offset(tree))

    _RULES: dict[type, Callable[..., Node]] = {
        ast.Constant: _constant,
        ast.Name: _name,
        ast.Attribute: _attribute,
        ast.UnaryOp: _unary,
        ast.BinOp: _binary,
        ast.BoolOp: _logical,
        ast.Compare: _compare,
        ast.Call: _call,
    }


def _is_plain(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
