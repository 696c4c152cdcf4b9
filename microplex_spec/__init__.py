"""Build population microdata from a spec that a person edits.

>>> spec = load_spec("us_cps_2023")
>>> result = execute(compile_plan(spec))
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "load_spec": ".spec.load",
    "compile_plan": ".execute.planning",
    "execute": ".execute.runner",
    "diff_specs": ".execute.comparing",
    "diff_runs": ".execute.comparing",
}

__all__ = ["compile_plan", "diff_runs", "diff_specs", "execute", "load_spec"]


def __getattr__(name: str) -> Any:
    # Imported when first used: `microplex-spec --help` must not wait for pandas.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
