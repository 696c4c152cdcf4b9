"""What spec, profiles and engines tell of a column's values: whole, where they end, how many codes there are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..spec.domains import ColumnFacts
from ..spec.expression import parse
from ..spec.expression_nodes import EngineVariable
from ..spec.model import Spec
from ..spec.regimes import AUTO, REGIMES
from ..spec.registry import ENGINES
from ..spec.variables import Variable
from .profile import ColumnProfile, SourceProfile

# Tables end an open band at a figure that nobody reaches: an income of 1e15 dollars, an age of 120.
BEYOND = {"usd": 1e12, "years": 115.0}


def column_facts(
    spec: Spec, profiles: Mapping[str, SourceProfile], engine: Callable[[str], Any]
) -> dict[str, ColumnFacts]:
    """By variable, what is known of its values before anything is built."""
    return {name: _facts(spec, variable, profiles, engine) for name, variable in spec.variables.items()}


def _facts(
    spec: Spec, variable: Variable, profiles: Mapping[str, SourceProfile], engine: Callable[[str], Any]
) -> ColumnFacts:
    seen = _profile(spec, variable, profiles)
    # Of what is derived nobody knows before: a quotient by zero and a group without members have no value.
    complete = bool(seen and not seen.missing)
    if variable.unit == "code":
        return ColumnFacts(codes=_codes(variable, seen, engine), complete=complete)
    # A count cannot be uprated; an amount of whole dollars can, and is whole no longer.
    whole = variable.unit in ("count", "years") and not (seen and seen.support and seen.support.rows_not_count)
    most = BEYOND.get(variable.unit, math.inf)
    facts = ColumnFacts(whole=whole, least=_least(variable, seen), most=most, complete=complete)
    # A row without a value lies within no limit, not even within one that holds every value.
    return replace(facts, least=-math.inf, most=math.inf) if seen and seen.missing else facts


def _profile(spec: Spec, variable: Variable, profiles: Mapping[str, SourceProfile]) -> ColumnProfile | None:
    if variable.origin == "observed":
        return profiles[spec.settings.base].columns.get(variable.column)
    donor = profiles.get(variable.donor or "")
    return donor.columns.get(variable.name) if donor else None


def _least(variable: Variable, seen: ColumnProfile | None) -> float:
    if variable.bounds and variable.bounds.min is not None and variable.bounds.min >= 0:
        return 0.0
    if variable.regime != AUTO:
        return -math.inf if "negative" in REGIMES[variable.regime].signs else 0.0
    if seen and seen.support:
        return -math.inf if seen.support.rows_negative else 0.0
    return 0.0 if variable.unit in ("count", "years") else -math.inf


def _codes(variable: Variable, seen: ColumnProfile | None, engine: Callable[[str], Any]) -> int | None:
    if seen:
        return None if seen.missing else seen.distinct
    root = parse(variable.derive).root if variable.derive else None
    if isinstance(root, EngineVariable) and root.engine in ENGINES.names():
        known = engine(root.engine).known_variables().get(root.name)
        return len(known.codes) or None if known else None
    return None
