"""The base of every record of the language: frozen, closed to unknown keys, strict about types."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A frozen pydantic model; an unknown key or a text where a number belongs is an error, not a guess.

    The text under a field is its description, in the JSON Schemas and in the reference of the language.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, populate_by_name=True, use_attribute_docstrings=True
    )


def as_read(content: Any) -> Any:
    """Tuples where JSON has lists: what was written from a record can be read as one again."""
    if isinstance(content, dict):
        return {key: as_read(value) for key, value in content.items()}
    return tuple(map(as_read, content)) if isinstance(content, list) else content
