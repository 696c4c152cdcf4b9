"""Evaluates an expression over a population: one value for each row of an entity, all rows at once."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce

import numpy as np
import pandas as pd

from ..spec.errors import Problem, SpecError
from ..spec.expression import Expression
from ..spec.expression_check import ColumnInfo, ValueType, check, inner_entity, levels_of, role_group
from ..spec.expression_nodes import (
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
from .arrays import How
from .population import Population

_COMPARE: dict[str, Callable] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_HOW: dict[str, How] = {
    "any": "any",
    "all": "all",
    "count": "count",
    "sum": "sum",
    "mean": "mean",
    "max_of": "max",
    "min_of": "min",
}


def evaluate(expression: Expression, population: Population, entity: str) -> np.ndarray:
    """The value of `expression` for each row of `entity`.

    Returns (rows of entity,): bool, float64, or object for codes. NaN compares false, also under !=
    and not in; `not` is plain negation; division by zero gives NaN. Over no rows at all any is False, all
    True, count and sum 0, mean, max_of and min_of NaN. An engine's variable is the column
    named engine.variable.
    Raises SpecError for what `expression_check.check` finds, among it a name that has no column.
    """
    infos = column_infos(population)
    engines = {engine for engine, _ in expression.engine_variables}
    missing = [pair for pair in sorted(expression.engine_variables) if ".".join(pair) not in infos]
    if missing:
        names = ", ".join(map(".".join, missing))
        raise SpecError(Problem(f"not computed in this population: {names}", expression.place))
    engine_infos = {(engine, name): infos[f"{engine}.{name}"] for engine, name in expression.engine_variables}
    check(expression, entity, population.entities, infos, engines, engine_infos)
    homes = {name: info.entity for name, info in infos.items()}
    with np.errstate(all="ignore"):
        return _Evaluator(population, homes).rows(expression.root, entity)


def column_infos(population: Population) -> dict[str, ColumnInfo]:
    """What every column of the population holds, as the check of an expression asks for it."""
    infos = {}
    for entity, table in population.tables.items():
        for name in table.columns:
            if population.entity_of(name) == entity:
                infos[name] = ColumnInfo(entity, _type_of(table[name].dtype))
    return infos


def _type_of(dtype: object) -> ValueType:
    if not isinstance(dtype, np.dtype):
        return "code"
    return "bool" if dtype.kind == "b" else "number"


class _Evaluator:
    """Walks a checked expression; values are arrays over an entity's rows, or one scalar for all."""

    def __init__(self, population: Population, homes: dict[str, str]):
        self.population, self.homes = population, homes

    def rows(self, node: Node, entity: str) -> np.ndarray:
        """(rows of entity,) values, where `visit` may give a scalar."""
        values = np.asarray(self.visit(node, entity))
        if values.ndim == 0:
            dtype = object if values.dtype.kind == "U" else values.dtype
            return np.full(self.population.size(entity), values.item(), dtype=dtype)
        return values

    def visit(self, node: Node, entity: str):
        match node:
            case Number():
                return np.float64(node.value)
            case Text():
                return node.value
            case Truth():
                return np.bool_(node.value)
            case Name() | EngineVariable():
                return self.column(str(node), entity)
            case RoleColumn():
                return self.role(node, entity)
            case Negative():
                return -self.visit(node.operand, entity)
            case Arithmetic():
                left, right = self.visit(node.left, entity), self.visit(node.right, entity)
                return _arithmetic(node.operator, left, right)
            case Comparison():
                return self.comparison(node, entity)
            case Membership():
                return self.membership(node, entity)
            case Not():
                return np.logical_not(self.visit(node.operand, entity))
            case Logical():
                combine = np.logical_and if node.operator == "and" else np.logical_or
                return reduce(combine, (self.visit(operand, entity) for operand in node.operands))
            case Call():
                return _call(node.function, [self.visit(argument, entity) for argument in node.arguments])
            case Quantifier():
                return self.quantifier(node, entity)
        raise ValueError(f"no evaluation for {type(node).__name__}")

    def column(self, name: str, entity: str) -> np.ndarray:
        values = self.population.column(name)
        if values.dtype.kind in "iuf":
            values = values.astype(np.float64, copy=False)
        return self.population.broadcast(values, self.homes[name], entity)

    def role(self, node: RoleColumn, entity: str) -> np.ndarray:
        entities = self.population.entities
        group = role_group(node.role, entity, entities)
        member = self.homes[entities[group].roles[node.role]]
        held = self.population.of_role(self.column(node.name, member), node.role, group)
        return self.population.broadcast(held, group, entity)

    def comparison(self, node: Comparison, entity: str):
        left, holds = self.visit(node.first, entity), np.bool_(True)
        for name, operand in node.steps:
            right = self.visit(operand, entity)
            step = _COMPARE[name](left, right)
            holds = holds & (step & _known(left) & _known(right) if name == "!=" else step)
            left = right
        return holds

    def membership(self, node: Membership, entity: str):
        item = self.visit(node.item, entity)
        found = pd.Series(np.atleast_1d(item)).isin([literal.value for literal in node.literals]).to_numpy()
        found = ~found & _known(item) if node.negated else found
        return found if np.ndim(item) else found[0]

    def quantifier(self, node: Quantifier, entity: str) -> np.ndarray:
        entities = self.population.entities
        levels = levels_of(node.argument, entity, entities, self.homes)
        inner = inner_entity(node, entity, entities, levels)
        found = self.population.aggregate(self.rows(node.argument, inner), inner, entity, _HOW[node.kind])
        return found if found.dtype == bool else found.astype(np.float64, copy=False)


def _known(values) -> np.ndarray | np.bool_:
    """False where a value is missing."""
    return np.logical_not(pd.isna(values))


def _arithmetic(name: str, left, right):
    if name == "/":
        return np.where(np.equal(right, 0), np.nan, np.divide(left, right))
    if name == "*":
        return left * right
    return left + right if name == "+" else left - right


def _call(function: str, arguments: list):
    if function == "between":
        value, low, high = arguments
        return (low <= value) & (value <= high)
    if function == "abs":
        return np.abs(arguments[0])
    return reduce(np.minimum if function == "min" else np.maximum, arguments)
