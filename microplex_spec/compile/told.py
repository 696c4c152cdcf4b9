"""What a report tells of the spec beside a run's figures: each variable's definition and the lineage of the file."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..plan.lineage import lineage
from ..spec.model import Spec
from ..spec.variables import Variable


def told(spec: Spec, label: str) -> dict[str, Any]:
    """The report step's meta: label, variables in the order of the spec, and the nodes of the lineage."""
    return {
        "label": label,
        "variables": [_definition(spec, variable) for variable in spec.variables.values()],
        "lineage": [asdict(node) for node in lineage(spec)],
    }


def _definition(spec: Spec, variable: Variable) -> dict[str, Any]:
    """How a variable is made, in the language's own words; what is not declared is left out."""
    found = {
        "name": variable.name,
        "label": variable.label,
        "entity": variable.entity,
        "unit": variable.unit,
        "origin": variable.origin,
        "definition": _made(spec, variable),
        "regime": variable.regime if variable.origin == "imputed" else "",
        "predictors": list(spec.predictors(variable)) if variable.origin == "imputed" else [],
        "zero_when": variable.zero_when,
        "bounds": _limits(variable),
        "uprate": variable.uprate,
        "engine": [f"{engine}.{mapping.variable}" for engine, mapping in variable.engine.items()],
        "notes": variable.notes,
        "place": str(spec.places.of("variable", variable.name) or ""),
    }
    return {key: value for key, value in found.items() if value}


def _made(spec: Spec, variable: Variable) -> str:
    if variable.donor is not None:
        what = f"share of {variable.share_of}" if variable.share_of else variable.column
        return f"{what}, drawn from {variable.donor}"
    if variable.derive is not None:
        return variable.derive
    if variable.rate is not None:
        rates = [f"{share:g} where {where}" for where, share in variable.rate.by.items()]
        return f"{'; '.join([*rates, f'{variable.rate.otherwise:g} otherwise'])} ({variable.rate.source})"
    return f"{variable.column} of {spec.settings.base}"


def _limits(variable: Variable) -> str:
    if variable.bounds is None:
        return ""
    low, high = variable.bounds.min, variable.bounds.max
    return " to ".join("…" if edge is None else f"{edge:g}" for edge in (low, high))
