"""Choosing backends: a small table of named rules over capabilities and shapes, each with its evidence."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..plan import Reason
from ..spec.cost import CalibrationShape, Cost, ImputeShape
from ..spec.errors import Place, Problem, SpecError
from ..spec.regimes import Regime
from ..spec.registry import CALIBRATORS, IMPUTERS

GATED_ROWS = 500
# Parameters of every imputer that the variable and the run decide.
_GIVEN = frozenset({"regime", "seed", "stream", "stray_tolerance"})


@dataclass(frozen=True)
class Choice:
    """A backend with its parameters, why it was taken, its code's version, and what it is predicted to cost."""

    name: str
    params: dict[str, Any]
    reason: Reason
    version: int
    cost: Cost


@dataclass(frozen=True)
class ImputerRule:
    """If `holds` for a regime and a shape, `backend` serves it; `text` gives the evidence."""

    name: str
    backend: str
    holds: Callable[[Regime, ImputeShape], bool]
    text: Callable[[Regime, ImputeShape], str]


# The first rule that holds decides.
IMPUTER_RULES: Sequence[ImputerRule] = (
    ImputerRule(
        "sign-gate",
        "regime_aware",
        lambda regime, shape: regime.gated and shape.donors >= GATED_ROWS,
        lambda regime, shape: (
            f"{regime.name}: a sign gate and a forest per sign; {shape.share_zero:.0%} zeros in {shape.donors:,} donors"
        ),
    ),
    ImputerRule(
        "one-forest",
        "qrf",
        lambda regime, shape: True,
        lambda regime, shape: (
            f"{regime.name}: one forest over all values"
            + (f"; {shape.donors:,} donors are too few for a gate" if regime.gated else "")
        ),
    ),
)


def choose_imputer(
    asked: str, params: dict[str, Any], regime: Regime, shape: ImputeShape, place: Place | None
) -> Choice:
    """The imputer for one variable: the one asked for, checked, or by rule. SpecError for one that cannot serve."""
    if asked == "auto":
        rule = next(rule for rule in IMPUTER_RULES if rule.holds(regime, shape))
        name, reason = rule.backend, Reason(rule.name, rule.text(regime, shape))
    else:
        name, reason = asked, Reason("asked-for", f"asked for; {regime.name}, {shape.donors:,} donors")
    backend = IMPUTERS.load(name)
    row = backend.capabilities
    if regime.name not in row.regimes:
        serving = [other for other in IMPUTERS.names() if regime.name in IMPUTERS.load(other).capabilities.regimes]
        hint = f"served by: {', '.join(serving) or 'none'}"
        raise SpecError(Problem(f"imputer {name!r} lacks the regime {regime.name!r}", place, hint))
    if shape.donors < row.min_rows:
        raise SpecError(Problem(f"imputer {name!r} needs {row.min_rows} donor rows, there are {shape.donors}", place))
    _check_names(f"imputer {name!r}", params, set(backend.param_defaults()) - _GIVEN, place)
    faults = backend(regime=regime.name, **params).problems()
    if faults:
        raise SpecError(Problem(f"imputer {name!r}: {fault.message}", place, fault.hint) for fault in faults)
    return Choice(name, params, reason, backend.version, backend.predict_cost(shape, params))


def _check_names(what: str, params: dict[str, Any], known: set[str], place: Place | None = None) -> None:
    unknown = sorted(set(params) - known)
    if unknown:
        hint = f"it has: {', '.join(sorted(known))}" if known else "it has none"
        raise SpecError(Problem(f"{what} has no parameter {name!r}", place, hint) for name in unknown)


@dataclass(frozen=True)
class CalibratorNeeds:
    """What the fit targets of a spec demand of a calibrator."""

    targets: int
    records: int
    nonzeros: int
    signed: int
    zeros: int
    contradictory: bool


def choose_calibrator(asked: str, params: dict[str, Any], needs: CalibratorNeeds) -> Choice:
    """The calibrator: the one asked for, checked against what the targets need, or bounded logit by rule.

    Raises SpecError for one that cannot serve, and for parameters that it does not have or that are out of range.
    """
    if asked == "auto":
        name = "logit" if needs.targets else "none"
        text = (
            f"{needs.targets:,} targets, {needs.records:,} households: bounded ratios, soft by each target's tolerance"
            if needs.targets
            else "no target to fit"
        )
        reason = Reason("bounded-soft" if needs.targets else "nothing-to-fit", text)
    else:
        name, reason = asked, Reason("asked-for", f"asked for; {needs.targets:,} targets")
    backend = CALIBRATORS.load(name)
    row = backend.capabilities
    lacking = [
        f"{what} ({count:,} targets)"
        for what, count, served in (
            ("targets below zero", needs.signed, row.signed_targets),
            ("targets of zero", needs.zeros, row.zero_targets),
            ("linear targets", needs.targets, row.linear),
        )
        if count and not served
    ]
    if lacking and name != "none":
        raise SpecError(Problem(f"calibrator {name!r} lacks {' and '.join(lacking)}", hint="logit serves them"))
    _check_names(f"calibrator {name!r}", params, set(inspect.signature(backend).parameters))
    backend(**params)
    shape = CalibrationShape(needs.records, needs.targets, needs.nonzeros)
    return Choice(name, params, reason, backend.version, backend.predict_cost(shape, params))
