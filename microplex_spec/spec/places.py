"""From data to records: validation by pydantic, told with file:line:col and the nearest valid names."""

from __future__ import annotations

import typing
from typing import Any

from pydantic import BaseModel, ValidationError

from .errors import Place, Problems, did_you_mean
from .yaml_reader import Document, Path_


class Places:
    """Where each object of a spec was written: ("variables", "dividends") -> its document and path."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str], tuple[Document, Path_]] = {}

    def note(self, kind: str, name: str, document: Document, path: Path_) -> None:
        self._objects[kind, name] = (document, path)

    def of(self, kind: str, name: str, *field: str | int, key: bool = False) -> Place | None:
        """Place of an object, or of one of its fields; the object's own place where the field is inherited."""
        found = self._objects.get((kind, name))
        if not found:
            return None
        document, path = found
        return document.place(*path, *field, key=key or not field)


def read_record[M: BaseModel](
    model: type[M], data: Any, document: Document, path: Path_, problems: Problems, what: str, **given: Any
) -> M | None:
    """Validate `data` (plus keys `given` by its surroundings) as `model`; every fault becomes a problem."""
    if not isinstance(data, dict):
        problems.add(f"{what} must be a mapping of keys to values", document.place(*path))
        return None
    try:
        return model.model_validate({**given, **data})
    except ValidationError as error:
        for fault in error.errors():
            _tell(model, fault, document, path, problems, what)
        return None


def _tell(
    model: type[BaseModel], fault: Any, document: Document, path: Path_, problems: Problems, what: str
) -> None:
    loc = tuple(part for part in fault["loc"] if not str(part).startswith("function-"))
    name = ".".join(map(str, loc))
    if fault["type"] == "extra_forbidden":
        known = _keys_at(model, loc[:-1])
        problems.unknown("key", loc[-1], known, document.place(*path, *loc, key=True))
    elif fault["type"] == "missing":
        problems.add(f"{what} lacks {name!r}", document.place(*path, key=True))
    elif fault["type"] == "literal_error":
        known = [part.strip().strip("'") for part in fault["ctx"]["expected"].replace(" or ", ", ").split(",")]
        hint = did_you_mean(str(fault["input"]), known)
        problems.add(f"{name} cannot be {fault['input']!r}", document.place(*path, *loc), hint)
    else:
        message = fault["msg"].removeprefix("Value error, ")
        message = message[0].lower() + message[1:]
        got = f", got {fault['input']!r}" if loc and isinstance(fault["input"], str | int | float) else ""
        problems.add(f"{what}: {name + ': ' if name else ''}{message}{got}", document.place(*path, *loc))


def _keys_at(model: Any, loc: tuple[Any, ...]) -> list[str]:
    """The keys that are known at a location inside a model, following nested records and containers."""
    for part in loc:
        inner: Any = None
        if isinstance(model, type) and issubclass(model, BaseModel):
            fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
            inner = fields.get(part) or fields.get(str(part))
        candidates = [inner, *typing.get_args(inner)] if inner is not None else typing.get_args(model)
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), inner)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [field.alias or name for name, field in model.model_fields.items() if name != "name"]
    return []
