"""The static check of an expression against the closed world: its names, levels and types.

What an expression means depends on the entity it is asked of: a group's column is broadcast down to those
within it, a member's column needs a quantifier to come up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from .entities import Entities
from .errors import Problems, did_you_mean
from .expression import Expression
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

type ValueType = Literal["bool", "number", "code"]

_WORDS = {"bool": "true or false", "number": "a number", "code": "a code (text)"}
# Quantifiers whose value changes when a row is seen once per member.
_COUNTING = ("count", "sum", "mean")


@dataclass(frozen=True)
class ColumnInfo:
    """What the check knows of a column: whose it is, and what it holds."""

    entity: str
    dtype: ValueType


class LevelError(Exception):
    """A name cannot be evaluated at the entity asked for; the text says why."""


def check(
    expression: Expression,
    entity: str,
    entities: Entities,
    columns: Mapping[str, ColumnInfo],
    engines: Collection[str],
    engine_columns: Mapping[tuple[str, str], ColumnInfo] | None = None,
) -> ValueType | None:
    """The type of the expression's value at `entity`; SpecError with every problem found.

    columns: all columns there are. engine_columns: {(engine, variable): info}; None where the engines'
    variables are not known yet, which leaves those unchecked; a type that hangs on one of them is None.
    """
    checker = _Checker(expression, entities, columns, engines, engine_columns)
    found = checker.visit(expression.root, entity)
    checker.problems.raise_if_any()
    return found


def role_group(role: str, entity: str, entities: Entities) -> str:
    """The group whose `role` is meant at `entity`: itself, else the one group above that has the role."""
    if role in entities[entity].roles:
        return entity
    above = [group for group in entities[entity].within if role in entities[group].roles]
    if len(above) == 1:
        return above[0]
    if above:
        raise LevelError(f"{role}: {_listed(above)} of a {entity} all have one; ask at one of these")
    raise LevelError(f"neither {entity} nor a group above it has a {role}")


def inner_entity(quantifier: Quantifier, target: str, entities: Entities, levels: Iterable[str]) -> str:
    """The entity whose rows a quantifier at `target` runs over: the lowest among the names inside.

    levels: entities of the columns inside. Columns of groups side by side (a tax unit's and an SPM unit's, or
    a tax unit's asked of an SPM unit) meet at the entity that lies within all of them, where only
    any, all, max_of and min_of have one meaning. Raises LevelError.
    """
    levels = sorted(set(levels))
    if not levels:
        raise LevelError(f"{quantifier}: no column inside says what to run over")
    lowest = [low for low in levels if all(low == other or entities.is_above(other, low) for other in levels)]
    if lowest and entities.is_above(target, lowest[0]):
        return lowest[0]
    if lowest and (lowest[0] == target or entities.is_above(lowest[0], target)):
        raise LevelError(
            f"{quantifier}: the columns inside hold one value per {lowest[0]}, and a {target} has just one; "
            f"drop {quantifier.kind}(...)"
        )
    asked = {*levels, target}
    shared = [name for name in entities if asked <= set(entities[name].within)]
    if not shared:
        raise LevelError(f"{quantifier}: nothing lies within {_listed(asked)} at once")
    inner = min(shared, key=lambda name: len(entities[name].within))
    if quantifier.kind in _COUNTING:
        outer = target if lowest else levels[-1]
        raise LevelError(
            f"{quantifier}: a {levels[0]} may touch several {outer}s, so {quantifier.kind} would count it "
            f"once per {inner}; use any, all, max_of or min_of, or a column of {inner}"
        )
    return inner


def levels_of(node: Node, target: str, entities: Entities, columns: Mapping[str, str]) -> set[str]:
    """Entities of the columns inside a quantifier at `target`, those of quantifiers inside it left out.

    columns: {column, or engine.variable: its entity}; names that are not in it are left out.
    """
    if isinstance(node, Quantifier):
        return set()
    if isinstance(node, Name | EngineVariable):
        return {columns[str(node)]} if str(node) in columns else set()
    if isinstance(node, RoleColumn):
        groups = [g for g in entities if entities.is_above(target, g) and node.role in entities[g].roles]
        return set(groups) if len(groups) == 1 else set()
    return set().union(*(levels_of(child, target, entities, columns) for child in node.children))


class _Checker:
    """Walks an expression; every visit gives the type of a node at an entity (None: not known)."""

    def __init__(
        self,
        expression: Expression,
        entities: Entities,
        columns: Mapping[str, ColumnInfo],
        engines: Collection[str],
        engine_columns: Mapping[tuple[str, str], ColumnInfo] | None,
    ):
        self.expression, self.entities, self.columns = expression, entities, columns
        self.engines, self.engine_columns = engines, engine_columns
        self.problems = Problems()
        used = {name: columns[name].entity for name in expression.names if name in columns}
        engine_used = {
            f"{engine}.{name}": engine_columns[engine, name].entity
            for engine, name in expression.engine_variables
            if engine_columns and (engine, name) in engine_columns
        }
        self.homes = used | engine_used

    def add(self, node: Node, message: str, hint: str = "") -> None:
        place = self.expression.place_of(node)
        whole = str(self.expression)
        if place is None and whole not in message:
            message = f"{message}, in {whole!r}"
        self.problems.add(message, place, hint)

    def visit(self, node: Node, entity: str | None) -> ValueType | None:
        """Type of `node` for each row of `entity`; None for the entity: rows of something not known yet."""
        match node:
            case Number():
                return "number"
            case Text():
                return "code"
            case Truth():
                return "bool"
            case Name():
                return self.column(node, node.name, entity)
            case RoleColumn():
                return self.role(node, entity)
            case EngineVariable():
                return self.engine_variable(node, entity)
            case Comparison():
                return self.comparison(node, entity)
            case Membership():
                return self.membership(node, entity)
            case Quantifier():
                return self.quantifier(node, entity)
            case Not() | Logical():
                self.expect(node.children, "bool", entity, f"`{getattr(node, 'operator', 'not')}`")
                return "bool"
            case Negative() | Arithmetic():
                self.expect(node.children, "number", entity, f"`{getattr(node, 'operator', '-')}`")
                return "number"
            case Call():
                self.expect(node.children, "number", entity, f"{node.function}()")
                return "bool" if node.function == "between" else "number"
        raise ValueError(f"no check for {type(node).__name__}")

    def expect(self, nodes: Iterable[Node], wanted: ValueType, entity: str | None, where: str) -> None:
        for node in nodes:
            found = self.visit(node, entity)
            if found not in (None, wanted):
                hint = ""
                if wanted == "bool" and found == "number":
                    hint = f"compare it, as in {node} > 0"
                elif wanted == "number" and found == "bool":
                    hint = "count(...) counts the rows for which a condition holds"
                self.add(node, f"{where} needs {_WORDS[wanted]}, but {node} is {_WORDS[found]}", hint)

    def column(self, node: Node, name: str, entity: str | None) -> ValueType | None:
        info = self.columns.get(name)
        if info is None:
            self.add(node, f"unknown variable {name!r}", did_you_mean(name, self.columns))
            return None
        self.level(node, info.entity, entity)
        return info.dtype

    def level(self, node: Node, home: str, entity: str | None) -> None:
        if entity is None or home == entity or self.entities.is_above(home, entity):
            return
        if self.entities.is_above(entity, home):
            quantify = f"put a quantifier around it: any({node} ...), sum({node})"
            self.add(node, f"{node} has a value for each {home}, not for each {entity}", quantify)
        else:
            self.add(
                node,
                f"{node} has a value for each {home}, and a {entity} may touch several",
                f"put a quantifier around it: any({node} ...), max_of({node})",
            )

    def role(self, node: RoleColumn, entity: str | None) -> ValueType | None:
        known = {role for group in self.entities.values() for role in group.roles}
        if node.role not in known:
            hint = did_you_mean(node.role, {*known, *self.engines})
            self.add(node, f"unknown role or engine {node.role!r}", hint)
            return None
        if entity is None:
            return self.column(node, node.name, None)
        try:
            group = role_group(node.role, entity, self.entities)
        except LevelError as error:
            self.add(node, str(error))
            return None
        marker = self.entities[group].roles[node.role]
        if marker not in self.columns:
            self.add(node, f"{node} needs the column {marker!r}, which marks the {node.role} of a {group}")
            return None
        return self.column(node, node.name, self.columns[marker].entity)

    def engine_variable(self, node: EngineVariable, entity: str | None) -> ValueType | None:
        if node.engine not in self.engines:
            self.add(node, f"unknown engine {node.engine!r}", did_you_mean(node.engine, self.engines))
            return None
        if self.engine_columns is None:
            return None
        info = self.engine_columns.get((node.engine, node.name))
        if info is None:
            known = (variable for engine, variable in self.engine_columns if engine == node.engine)
            self.add(node, f"unknown variable {node.name!r} of {node.engine}", did_you_mean(node.name, known))
            return None
        self.level(node, info.entity, entity)
        return info.dtype

    def comparison(self, node: Comparison, entity: str | None) -> ValueType:
        left, left_type = node.first, self.visit(node.first, entity)
        for operator, right in node.steps:
            right_type = self.visit(right, entity)
            self.alike(node, left, left_type, right, right_type)
            ordered = left_type if left_type not in (None, "number") else right_type
            if operator not in ("==", "!=") and ordered not in (None, "number"):
                self.add(node, f"`{operator}` orders numbers only, in {node}", "use ==, != or in [...]")
            left, left_type = right, right_type
        return "bool"

    def membership(self, node: Membership, entity: str | None) -> ValueType:
        item_type = self.visit(node.item, entity)
        for value in node.literals:
            self.alike(node, node.item, item_type, value, self.visit(value, entity))
        return "bool"

    def alike(
        self, node: Node, left: Node, left_type: ValueType | None, right: Node, right_type: ValueType | None
    ) -> None:
        """Report two sides that can never be equal because one is text and the other a number, say."""
        if left_type is None or right_type is None or left_type == right_type:
            return
        odd = (left, left_type, right) if left_type != "number" else (right, right_type, left)
        side, side_type, other = odd
        if isinstance(side, Text):
            hint, message = "write the number without quotes", f"{other} is a number"
        elif side_type == "code":
            hint = f"quote it: {str(other)!r}" if isinstance(other, Number) else ""
            message = f"{side} is {_WORDS[side_type]}"
        else:
            hint, message = f"write {side} or not {side}", f"{side} is {_WORDS[side_type]}"
        self.add(node, f"{message}, in {node}", hint)

    def quantifier(self, node: Quantifier, entity: str | None) -> ValueType:
        inner = None
        levels = levels_of(node.argument, entity, self.entities, self.homes) if entity else set()
        if entity and (levels or not self._open(node.argument)):
            try:
                inner = inner_entity(node, entity, self.entities, levels)
            except LevelError as error:
                self.add(node, str(error))
        predicate = node.kind in ("any", "all", "count")
        self.expect([node.argument], "bool" if predicate else "number", inner, f"{node.kind}()")
        return "bool" if node.kind in ("any", "all") else "number"

    def _open(self, node: Node) -> bool:
        """Whether an unknown name inside leaves the level open: reported elsewhere, or not known yet."""
        named = (part for part in node.walk() if isinstance(part, Name | EngineVariable | RoleColumn))
        return any(str(part) not in self.homes for part in named)


def _listed(names: Iterable[str]) -> str:
    return " and ".join(sorted(names))
