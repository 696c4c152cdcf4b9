"""What is wrong with data that does not fit a record, in plain sentences with the nearest valid names."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from .errors import did_you_mean
from .yaml_reader import Path_

_QUOTED = re.compile(r"'([^']*)'")

_KINDS = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list, such as [a, b]",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
}
_LIMITS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}


@dataclass(frozen=True)
class Fault:
    """One fault: the field it is in, and what is wrong. `whole`: the text needs no record's name before it."""

    field: Path_
    text: str
    hint: str = ""
    at_key: bool = False
    whole: bool = False

    def sentence(self, what: str) -> str:
        """The message, with the record that it is about."""
        return self.text if self.whole else f"{what}{self.text}"


def read_faults(model: type[BaseModel], error: ValidationError, data: Any, hidden: Iterable[str] = ()) -> list[Fault]:
    """The faults that pydantic found in `data`, one for each cause.

    hidden: fields of the record that nobody writes.
    """
    found = [(_field(fault, data), fault) for fault in error.errors(include_url=False)]
    faults, mistyped = [], set()
    for field, fault in found:
        if fault["type"] == "extra_forbidden":
            known = keys_at(model, field[:-1]) - set(hidden)
            hint = did_you_mean(str(field[-1]), known)
            mistyped |= {(*field[:-1], name) for name in _QUOTED.findall(hint)}
            faults.append(Fault(field, f"unknown key {str(field[-1])!r}", hint, at_key=True, whole=True))
    kinds: dict[Path_, list[Any]] = {}
    for field, fault in found:
        if fault["type"] == "missing":
            if field not in mistyped:
                inside = f" in {_dotted(field[:-1])}" if field[:-1] else ""
                faults.append(Fault(field[:-1], f" lacks {str(field[-1])!r}{inside}", at_key=True))
        elif fault["type"] in _KINDS:
            # One of the alternatives of a field fitted further in: the fault is there.
            if not any(len(other) > len(field) and other[: len(field)] == field for other, _ in found):
                kinds.setdefault(field, []).append(fault)
        elif fault["type"] != "extra_forbidden":
            faults.append(_other(field, fault))
    return [*faults, *(_wrong_kind(field, alike, model) for field, alike in kinds.items())]


def keys_at(model: Any, field: Path_ = ()) -> set[str]:
    """The keys that may stand at a field inside a record, through nested records, mappings and lists."""
    return {held.alias or name for record in _records_at(model, field) for name, held in record.model_fields.items()}


def _records_at(model: Any, field: Path_) -> list[type[BaseModel]]:
    level = [model]
    for part in field:
        level = [inner for annotation in level for inner in _step(annotation, part)]
    return [inner for annotation in level for inner in _alternatives(annotation) if _is_record(inner)]


def _step(annotation: Any, part: str | int) -> Iterator[Any]:
    for inner in _alternatives(annotation):
        if _is_record(inner):
            fields = {field.alias or name: field.annotation for name, field in inner.model_fields.items()}
            if part in fields:
                yield fields[str(part)]
        elif arguments := typing.get_args(inner):
            yield arguments[-1] if typing.get_origin(inner) is dict else arguments[0]


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The types that an annotation allows, aliases and unions resolved."""
    if isinstance(annotation, typing.TypeAliasType):
        yield from _alternatives(annotation.__value__)
    elif typing.get_origin(annotation) is typing.Annotated:
        yield from _alternatives(typing.get_args(annotation)[0])
    elif typing.get_origin(annotation) in (typing.Union, types.UnionType):
        for inner in typing.get_args(annotation):
            yield from _alternatives(inner)
    else:
        yield annotation


def _is_record(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _field(fault: Any, data: Any) -> Path_:
    """The fault's place in the data, without the names of types that pydantic puts between."""
    field: list[str | int] = []
    for part in fault["loc"]:
        held = isinstance(data, dict) and part in data
        if held or (isinstance(data, tuple | list) and isinstance(part, int) and part < len(data)):
            field.append(part)
            data = data[part]
    if fault["type"] == "missing":
        field.append(fault["loc"][-1])
    return tuple(field)


def _wrong_kind(field: Path_, faults: list[Any], model: type[BaseModel]) -> Fault:
    wanted, got = " or ".join(dict.fromkeys(_KINDS[fault["type"]] for fault in faults)), faults[0]["input"]
    hint = ""
    if wanted.startswith("a text") and isinstance(got, bool | int | float):
        hint = f"quote it: '{_shown(got)}'"
    elif wanted in ("a number", "a whole number") and isinstance(got, str):
        hint = "write it without quotes and separators" if re.fullmatch(r"[-+0-9.,_eE ]*[0-9]", got) else ""
    elif faults[0]["type"] == "model_type" and len(records := _records_at(model, field)) == 1:
        held = [held.alias or name for name, held in records[0].model_fields.items() if held.is_required()]
        hint = f"write {{{', '.join(f'{name}: ...' for name in held)}}}" if held else ""
    return Fault(field, f": {_dotted(field)} must be {wanted}, got {_shown(got)}", hint)


def _other(field: Path_, fault: Any) -> Fault:
    kind, got = fault["type"], fault["input"]
    name = f": {_dotted(field)}" if field else ""
    if kind == "literal_error":
        return Fault(field, f"{name} cannot be {_shown(got)}", did_you_mean(str(got), _QUOTED.findall(fault["msg"])))
    if kind in _LIMITS:
        word, key = _LIMITS[kind]
        return Fault(field, f"{name} must be {word} {fault['ctx'][key]:g}, got {_shown(got)}")
    if kind == "too_short":
        return Fault(field, f"{name} must not be empty")
    if kind == "value_error":
        said = str(fault["ctx"]["error"])
        return Fault(field, f"{name}{'' if field and said.startswith('must') else ':'} {said}")
    return Fault(field, f"{name or ':'} {fault['msg'][0].lower()}{fault['msg'][1:]}, got {_shown(got)}")


def _dotted(field: Path_) -> str:
    return ".".join(map(str, field))


def _shown(value: Any) -> str:
    """A value as it stands in YAML, shortened to its kind where it holds others."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, tuple | list) else repr(value)
