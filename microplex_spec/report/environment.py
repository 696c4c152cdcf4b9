"""How every page is made: templates beside this file, escaped, with nothing undefined passed over."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined


def page_environment() -> Environment:
    return Environment(
        loader=PackageLoader("microplex_spec.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
