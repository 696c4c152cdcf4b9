"""The base of every record of the language: frozen, closed to unknown keys, strict about types."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A frozen pydantic model; an unknown key or a text where a number belongs is an error, not a guess.

    The text under a field is its description, in the JSON Schemas and in the reference of the language.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, populate_by_name=True, use_attribute_docstrings=True
    )
