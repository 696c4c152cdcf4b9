"""The templates of all pages, read in one way."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined


def environment() -> Environment:
    """Text is escaped, and a name that a page lacks is a fault rather than a gap."""
    return Environment(
        loader=PackageLoader("microplex_spec.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
