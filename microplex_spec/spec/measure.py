"""What a target measures over the rows it selects: count(), sum(x), mean(x) or share(predicate)."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast, get_args

from .entities import Entities
from .errors import Place, Problem, SpecError, did_you_mean
from .expression import REMEMBERED, Builder, Expression, read_tree
from .expression_check import ColumnInfo, check

MeasureKind = Literal["count", "sum", "mean", "share"]
_FORMS = "write count(), sum(x), mean(x) or share(predicate)"


@dataclass(frozen=True)
class Measure:
    """One measure; `argument` is None for count() alone. `str` is its canonical text."""

    kind: MeasureKind
    argument: Expression | None = None

    def __str__(self) -> str:
        return f"{self.kind}({'' if self.argument is None else self.argument})"


def parse_measure(text: str, place: Place | None = None, engines: Collection[str] | None = None) -> Measure:
    """Parse a measure; SpecError that says which forms there are. Arguments as `expression.parse`."""
    if place is None and engines is None:
        return _remembered(text)
    return _parse_measure(text, place, engines)


@lru_cache(maxsize=REMEMBERED)
def _remembered(text: str) -> Measure:
    return _parse_measure(text, None, None)


def _parse_measure(text: str, place: Place | None, engines: Collection[str] | None) -> Measure:
    tree, start = read_tree(text, place)
    builder = Builder(text, place, start, engines)
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        raise builder.fail(tree, "not a measure", _FORMS)
    kind, kinds = tree.func.id, get_args(MeasureKind)
    if kind not in kinds:
        raise builder.fail(tree, f"unknown measure {kind!r}", did_you_mean(kind, kinds) or _FORMS)
    if kind == "count" and tree.args:
        raise builder.fail(tree, "count() takes no argument", "put the condition into where:")
    if tree.keywords or len(tree.args) != (kind != "count"):
        raise builder.fail(tree, f"wrong arguments of {kind}()", _FORMS)
    if kind == "count":
        return Measure("count")
    return Measure(cast(MeasureKind, kind), Expression(builder.build(tree.args[0]), text, place))


def check_measure(
    measure: Measure,
    entity: str,
    entities: Entities,
    columns: Mapping[str, ColumnInfo],
    engines: Collection[str],
    engine_columns: Mapping[tuple[str, str], ColumnInfo] | None = None,
) -> None:
    """Check the argument at `entity` as `expression_check.check` does.

    sum and mean need a number, share a predicate; SpecError with every problem found.
    """
    if measure.argument is None:
        return
    found = check(measure.argument, entity, entities, columns, engines, engine_columns)
    wanted = "bool" if measure.kind == "share" else "number"
    if found not in (None, wanted):
        needs = "a predicate" if wanted == "bool" else "a number"
        hint = "use share(...)" if found == "bool" else ""
        place = measure.argument.place_of(measure.argument.root)
        raise SpecError(Problem(f"{measure.kind}() needs {needs}, but {measure.argument} is none", place, hint))
