"""The reference of the language: every record with its fields, regimes, expressions and checks, from the models."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any, Literal, TypeAliasType, Union

from pieces import code, prose, table
from pydantic.fields import FieldInfo

from microplex_spec.spec.bakeoffs import Bakeoff
from microplex_spec.spec.benchmarks import Benchmark
from microplex_spec.spec.checks import KINDS, METRICS, VARIABLE_METRICS
from microplex_spec.spec.choices import BackendChoice, Choices, Resources, Scale
from microplex_spec.spec.entities import Entities, Entity
from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.expand import EXPANSION_KEYS, NUMBERS
from microplex_spec.spec.expression import FUNCTIONS, QUANTIFIERS, parse
from microplex_spec.spec.expression_check import ColumnInfo, check
from microplex_spec.spec.measure import parse_measure
from microplex_spec.spec.model import SpecFile
from microplex_spec.spec.rare_cells import RareCell
from microplex_spec.spec.record import Record
from microplex_spec.spec.regimes import REGIMES
from microplex_spec.spec.registry import ENGINES, READERS
from microplex_spec.spec.rules import Rule
from microplex_spec.spec.schemas import schemas
from microplex_spec.spec.sources import Source
from microplex_spec.spec.targets import Target
from microplex_spec.spec.variables import Variable

# By kind of file: where it lies, how it is laid out, and the records in it.
FILES: dict[str, tuple[str, str, tuple[type[Record], ...]]] = {
    "spec": ("spec.yaml", "The keys of the file.", (SpecFile,)),
    "entities": ("entities.yaml", "A mapping of names to entities.", (Entity,)),
    "sources": ("sources.yaml", "A mapping of names to sources.", (Source,)),
    "variables": ("variables/*.yaml", "Each file maps names to variables; their order is kept.", (Variable,)),
    "targets": (
        "targets/**/*.yaml",
        "The rows under `targets:`. What a row lacks is taken from the file's `defaults:` and `source:`, so that what "
        "is required may stand there. `table:` names a CSV beside the file and makes a target of each of its lines: "
        "`{column}` in any text of the row stands for the line's cell. `rows: {column: text}` keeps only the lines "
        f"with these texts. Only {', '.join(map(code, NUMBERS))} are read as numbers; codes keep their zeros.",
        (Target,),
    ),
    "benchmarks": ("benchmarks.yaml", "The rows under `benchmarks:`, written as those of targets.", (Benchmark,)),
    "checks": (
        "checks.yaml",
        "A list; the key that only one kind of check has says what is checked.",
        tuple(KINDS.values()),
    ),
    "rules": ("rules.yaml", "A list of a spec's own rules for choosing backends; the file may be left out.", (Rule,)),
    "bakeoffs": ("conf/bakeoffs/*.yaml", "The keys of a bakeoff; its name is the file's.", (Bakeoff,)),
    "build": (
        "conf/build.yaml",
        "The choices of a run, as Hydra composes them from this file, from groups (`scale: demo`) "
        "and from the overrides of a call, such as `seed=7` or `calibrator=entropy`.",
        (Choices,),
    ),
    "backend": (
        "conf/imputer, calibrator, microsim, executor",
        "Each file is one choice of its group. Those that come with the package need no file here.",
        (BackendChoice,),
    ),
    "resources": ("conf/resources", "Each file is one choice of what a build may use.", (Resources,)),
    "scale": ("conf/scale", "Each file is one choice of how much of the sources is taken.", (Scale,)),
}
# Expressions that are shown, what each is asked of, and what it means there.
EXAMPLES = (
    ("age >= 65", "person", "People of 65 and more."),
    ("18 <= age < 65", "person", "Comparisons may be chained."),
    ("between(age, 18, 64)", "person", "Both ends are included."),
    ("state_fips in ['06', '36']", "person", "A household's column reaches its members by itself."),
    ("age >= 65 and not is_blind", "person", "Flags are columns of true and false."),
    ("any(age >= 65)", "tax_unit", "Units with someone of 65 or more: what comes up from members needs a quantifier."),
    ("count(age < 18) >= 2", "tax_unit", "At least two children."),
    ("sum(employment_income) > 0", "household", "Wages of all members together."),
    ("head.age < 30", "tax_unit", "The age of the one member who holds the role."),
    ("dividends - 0.1 * abs(interest)", "tax_unit", "An amount: what `derive`, `sum(...)` and predictors take."),
    ("policyengine_us.eitc > 0", "tax_unit", "What a rules engine computes: a simulation step comes with it."),
)
# Expressions that are refused, with what they are asked of.
REFUSED = (
    ("age >= 65", "tax_unit"),
    ("agee >= 65", "person"),
    ("age and is_blind", "person"),
    ("state_fips == 6", "person"),
    ("__import__('os')", "person"),
)
_ENTITIES = Entities(
    {
        "household": Entity(name="household"),
        "tax_unit": Entity(name="tax_unit", within=("household",), roles={"head": "is_head"}),
        "person": Entity(name="person", within=("household", "tax_unit")),
    }
)
_COLUMNS = {
    "age": ColumnInfo("person", "number"),
    "is_blind": ColumnInfo("person", "bool"),
    "is_head": ColumnInfo("person", "bool"),
    "employment_income": ColumnInfo("person", "number"),
    "dividends": ColumnInfo("tax_unit", "number"),
    "interest": ColumnInfo("tax_unit", "number"),
    "state_fips": ColumnInfo("household", "code"),
}


def pages() -> dict[str, str]:
    """The pages of the language, by their address."""
    lacking = set(schemas()) ^ set(FILES)
    if lacking:
        raise ValueError(f"the reference of the language and the JSON Schemas differ in {', '.join(sorted(lacking))}")
    return {
        "reference/language.md": files_page(),
        "reference/expressions.md": expressions_page(),
        "reference/regimes.md": regimes_page(),
        "reference/checks.md": checks_page(),
    }


def files_page() -> str:
    parts = [
        "# The files of a spec",
        "A spec is a folder under `conf/specs/`; its targets lie under `targets/`. The files are YAML 1.2: `NO` stays "
        "a state, and codes such as `'06'` are quoted. Any key, variable, entity or backend that is unknown is an "
        "error that names the file, the line and the nearest name there is. `microplex-spec schema` writes the JSON "
        "Schemas of all of them, by which editors complete and check.",
    ]
    told: set[type[Record]] = set()
    for kind, (file, layout, models) in FILES.items():
        parts += [f"## {file}", layout]
        if kind == "checks":
            parts.append(
                "The kinds of checks and the figures that they may name have [a page of their own](checks.md)."
            )
            continue
        for model in models:
            parts += _sections(model, told)
        if kind == "targets":
            keys = " and ".join(map(code, EXPANSION_KEYS))
            parts.append(f"Beside these, a row may have the keys {keys}, which say how it is expanded.")
    parts += ["## Parameters of readers", "What stands under `params:` of a source, by reader."]
    for name in READERS.names():
        parts += [f"### Reader {code(name)}", *_sections(READERS.load(name).Params, told, level=4)]
    parts += [
        "## Rare cells",
        "Small groups of records by whose share a synthetic file is judged by `microplex_spec.evaluate.rare_cells`.",
        *_sections(RareCell, told),
    ]
    return _joined(parts)


def checks_page() -> str:
    parts = [
        "# Checks",
        "What must hold of a finished file, in `checks.yaml`. A failed check of severity `error` ends a build with "
        "exit code 3; all are told in the report and the manifest.",
    ]
    told: set[type[Record]] = set()
    for kind, model in KINDS.items():
        parts += [f"## A check with {code(kind)}", *_sections(model, told, title=False)]
    parts += [
        "## Figures of a run",
        "What `metric:` may name.",
        table(("metric", "what it is"), [(code(name), text) for name, text in METRICS.items()]),
        "## Figures of an imputed variable",
        "What `metric:` may name beside `variable:`.",
        table(("metric", "what it is"), [(code(name), text) for name, text in VARIABLE_METRICS.items()]),
    ]
    return _joined(parts)


def regimes_page() -> str:
    rows = [
        (
            code(regime.name),
            ", ".join(regime.signs),
            {"real": "any", "count": "whole numbers from 0", "binary": "0 and 1"}[regime.values],
            "yes" if regime.gated else "no",
        )
        for regime in REGIMES.values()
    ]
    rows.append((code("auto"), "as seen in the donors", "as seen in the donors", "as inferred"))
    return _joined(
        [
            "# Regimes",
            "A variable's regime says which signs its values may have and whether the signs are drawn apart. It is the "
            "one declaration that drives gates, the models of each sign, and the checks: nothing else restates it.",
            table(("regime", "signs", "values", "signs drawn apart"), rows),
            "The regime is the contract, the donors are the evidence. Donors that contradict it by more than the "
            "variable's `stray_tolerance` (a share of their weight) are an error when the plan is made, with counts "
            "and shares; below it they are left out of training and counted. A draw of a regime whose signs are drawn "
            "apart is exactly zero or a value with the sign that was drawn, never something between the largest "
            "negative and the smallest positive donor value. `auto` takes the narrowest regime that holds every donor "
            "value.",
        ]
    )


def expressions_page() -> str:
    rows = []
    for text, entity, meaning in EXAMPLES:
        check(parse(text), entity, _ENTITIES, _COLUMNS, ENGINES.names())
        rows.append((code(text), entity, meaning))
    refused = [(code(text), entity, _refusal(text, entity)) for text, entity in REFUSED]
    measures = [
        (str(parse_measure("count()")), "the weighted number of units"),
        (str(parse_measure("sum(dividends)")), "the weighted sum of an amount"),
        (str(parse_measure("mean(dividends)")), "the weighted mean over the units of `where`"),
        (str(parse_measure("share(dividends > 0)")), "the weighted share of the units of `where` for which it holds"),
    ]
    arguments = {
        name: str(least) if least == most else f"{least} to {most}" for name, (least, most) in FUNCTIONS.items()
    }
    return _joined(
        [
            "# Expressions",
            prose(parse.__globals__["__doc__"]),
            "An expression is asked of an entity: the `entity` of a variable, the `of` of a target. Over no rows at "
            "all `any` is false, `all` true, `count` and `sum` 0, and `mean`, `max_of` and `min_of` are missing. What "
            "is missing compares false, also under `!=` and `not in`.",
            "## Examples",
            "With people in tax units in households, and one column or more of each:",
            table(("expression", "asked of", "meaning"), rows),
            "## What is refused",
            "Before anything is read, with the place in the file. The same expressions as above, asked wrongly:",
            table(("expression", "asked of", "message"), refused),
            "## Functions",
            table(("function", "arguments"), [(code(name), count) for name, count in arguments.items()]),
            "## Quantifiers",
            f"Over the rows within a group: {', '.join(map(code, QUANTIFIERS))}.",
            "## Measures",
            "What a target's `measure` may be:",
            table(("measure", "meaning"), [(code(text), meaning) for text, meaning in measures]),
        ]
    )


def _refusal(text: str, entity: str) -> str:
    try:
        check(parse(text), entity, _ENTITIES, _COLUMNS, ENGINES.names())
    except SpecError as error:
        return str(error)
    raise ValueError(f"{text!r} at {entity} is not refused")


def _sections(model: type[Record], told: set[type[Record]], level: int = 3, title: bool = True) -> Iterator[str]:
    """A heading, what it is, a table of fields; then the records that its fields hold, each told once."""
    if model in told:
        return
    told.add(model)
    if title:
        yield f"{'#' * level} {model.__name__}"
    yield prose(model.__doc__)
    yield field_table(model)
    for field in model.model_fields.values():
        for inner in records_in(field.annotation):
            yield from _sections(inner, told, level)


def field_table(model: type[Record]) -> str:
    """Every field of a record: its key in YAML, type, default and meaning."""
    rows = []
    for name, field in model.model_fields.items():
        key = code(field.alias or name)
        rows.append((key, type_text(field), _default(field), field.description or ""))
    return table(("key", "type", "default", "meaning"), rows)


def type_text(field: FieldInfo) -> str:
    """A field's type in words, with its limits."""
    limits = []
    words = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤", "min_length": "length ≥"}
    for item in field.metadata:
        limits += [
            f"{word} {getattr(item, name)}" for name, word in words.items() if getattr(item, name, None) is not None
        ]
    text = _type(field.annotation)
    return f"{text}, {', '.join(limits)}" if limits else text


_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "any value"}


def _type(annotation: Any) -> str:
    annotation = annotation.__value__ if isinstance(annotation, TypeAliasType) else annotation
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _type(arguments[0])
    if origin is Literal:
        return ", ".join(map(code, arguments))
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"mapping to {_type(arguments[1])}"
    if origin in (Union, types.UnionType):
        return " or ".join(_type(part) for part in arguments if part is not type(None))
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    raise ValueError(f"no words for the type {annotation}")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value in ("", (), {}):
        return ""
    if isinstance(value, Record):
        given = value.model_dump(exclude_defaults=True)
        return code(given["name"]) if "name" in given else ""
    return code(str(value).lower() if isinstance(value, bool) else value)


def records_in(annotation: Any) -> Iterator[type[Record]]:
    """The records that a type holds."""
    if isinstance(annotation, TypeAliasType):
        annotation = annotation.__value__
    if isinstance(annotation, type) and issubclass(annotation, Record):
        yield annotation
    for part in typing.get_args(annotation):
        if part is not Ellipsis and not isinstance(part, str):
            yield from records_in(part)


def _joined(parts: list[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"
