"""JSON Schemas of the language's files, from the very models that read them: editors complete and check by these."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from .bakeoffs import Bakeoff
from .benchmarks import Benchmark
from .checks import KINDS
from .choices import BackendChoice, Choices, Resources, Scale
from .entities import Entity
from .expand import EXPANSION_KEYS, NUMBERS
from .model import SpecFile
from .record import Record
from .rules import Rule
from .sources import Source
from .targets import Target
from .variables import Variable

# The folder of the schemas, seen from the project's.
SCHEMAS = "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """A schema by kind of file: those of a spec, targets, bakeoffs, and a run's choices (build, and the groups)."""
    return {
        "spec": _file("spec.yaml", *_split(SpecFile)),
        "entities": _named("entities.yaml", Entity),
        "sources": _named("sources.yaml", Source),
        "variables": _named("variables/*.yaml", Variable),
        "targets": _rows("target files", "targets", Target),
        "benchmarks": _rows("benchmarks.yaml", "benchmarks", Benchmark),
        "checks": _list("checks.yaml", *KINDS.values()),
        "rules": _list("rules.yaml", Rule),
        "bakeoffs": _file("bakeoffs/*.yaml", *_split(Bakeoff, ["name"])),
        "build": _build(),
        "backend": _file("conf/imputer, calibrator, microsim, executor", *_split(BackendChoice)),
        "resources": _file("conf/resources", *_split(Resources)),
        "scale": _file("conf/scale", *_split(Scale)),
    }


def schema_texts(folder: str) -> dict[str, str]:
    """Path and text of every schema file, as they lie in `folder`."""
    return {f"{folder}/{kind}.schema.json": json.dumps(schema, indent=1) + "\n" for kind, schema in schemas().items()}


def file_kind(path: str) -> str | None:
    """The kind of a YAML file of a project, by its path from the project's folder; None for what has no schema."""
    match PurePosixPath(path).parts:
        case ("conf", "build.yaml"):
            return "build"
        case ("conf", "imputer" | "calibrator" | "microsim" | "executor", _):
            return "backend"
        case ("conf", "resources" | "scale" as group, _):
            return group
        case ("conf", "specs", _, "variables", *_, name) if name.endswith(".yaml"):
            return "variables"
        case ("conf", "specs", _, name) if name.endswith(".yaml"):
            return name.removesuffix(".yaml")
        case ("targets", *_, name) if name.endswith(".yaml"):
            return "targets"
    return None


def modeline(kind: str, folder: str) -> str:
    """The first line of a YAML file by which editors find its schema. folder: of the schemas, seen from the file."""
    return f"# yaml-language-server: $schema={folder.rstrip('/')}/{kind}.schema.json"


def _split(model: type[Record], hidden: Iterable[str] = ()) -> tuple[dict[str, Any], dict[str, Any]]:
    """A model's own schema and its definitions. hidden: fields that the place of an object gives."""
    schema = model.model_json_schema(by_alias=True)
    definitions = schema.pop("$defs", {})
    for name in hidden:
        schema["properties"].pop(name)
    schema["required"] = [name for name in schema.get("required", []) if name not in hidden]
    return schema, definitions


def _file(title: str, body: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": DIALECT, **body, "title": title, "$defs": definitions}


def _named(title: str, model: type[Record]) -> dict[str, Any]:
    """A file that maps names to objects; an object without keys may be left empty."""
    own, definitions = _split(model, ["name"])
    one = own if own["required"] else {"anyOf": [own, {"type": "null"}]}
    return _file(title, {"type": "object", "additionalProperties": one, "minProperties": 1}, definitions)


def _list(title: str, *models: type[Record]) -> dict[str, Any]:
    """A file that lists objects, each of one of the models."""
    parts = [_split(model) for model in models]
    definitions = {name: definition for _, found in parts for name, definition in found.items()}
    alternatives = [own for own, _ in parts]
    items = alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}
    return _file(title, {"type": "array", "items": items}, definitions)


def _build() -> dict[str, Any]:
    """build.yaml: a run's choices, which groups give or the file itself, and what Hydra reads there."""
    own, definitions = _split(Choices)
    own.pop("required")
    own["properties"] |= {"defaults": {"type": "array"}, "hydra": {"type": "object"}}
    return _file("conf/build.yaml", own, definitions)


def _rows(title: str, key: str, model: type[Record]) -> dict[str, Any]:
    """A file that lists rows under a key. What a row lacks may stand in `defaults` or `source`, or in a table."""
    own, definitions = _split(model)
    own.pop("required")
    for name in NUMBERS:
        if name in own["properties"]:
            own["properties"][name] = {"anyOf": [own["properties"][name], {"type": "string", "pattern": r"\{\w+\}"}]}
    table, lines = EXPANSION_KEYS
    own["properties"][table] = {"type": "string", "description": "A CSV table beside this file: a row for each line."}
    texts = {"type": "object", "additionalProperties": {"type": "string"}}
    own["properties"][lines] = {**texts, "description": "Only the lines whose columns have these texts."}
    source = definitions["TargetSource"]
    source.pop("required", None)
    definitions |= {"Row": own}
    properties = {
        "defaults": {"$ref": "#/$defs/Row"},
        "source": {"$ref": "#/$defs/TargetSource"},
        key: {"type": "array", "items": {"$ref": "#/$defs/Row"}},
    }
    body = {"type": "object", "properties": properties, "required": [key], "additionalProperties": False}
    return _file(title, body, definitions)
