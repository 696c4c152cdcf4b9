"""Choosing backends: a small table of named rules over capabilities, shapes and costs, each with its evidence."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..plan import Reason
from ..spec.cost import CalibrationShape, Cost, CostModel, ImputeShape, shipped_costs
from ..spec.errors import Place, Problem, SpecError
from ..spec.regimes import REGIMES, Regime
from ..spec.registry import CALIBRATORS, IMPUTERS
from ..spec.rules import Rule, When
from .costs import price

GATED_ROWS = 500
MOST_TARGETS_TOLD = 5
# Parameters of every imputer that the variable and the run decide.
_GIVEN = frozenset({"regime", "seed", "stream", "stray_tolerance"})
# Parameters by which a run asks for what not every calibrator has.
_BOUNDS, _RECORD_BUDGET = frozenset({"lower", "upper"}), frozenset({"max_records"})


@dataclass(frozen=True)
class Choice:
    """A backend with its parameters, why it was taken, its code's version, and what it is predicted to cost."""

    name: str
    params: dict[str, Any]
    reason: Reason
    version: int
    cost: Cost


# The first rule that holds, of a backend that can serve, decides.
IMPUTER_RULES: Sequence[Rule] = (
    Rule(
        name="sign-gate",
        when=When(
            regime=tuple(regime.name for regime in REGIMES.values() if regime.gated),
            donors_at_least=GATED_ROWS,
        ),
        use="regime_aware",
        because="a sign gate and a forest per sign",
    ),
    Rule(name="one-forest", use="qrf", because="one forest over all values, no sign gate"),
)
CALIBRATOR_RULES: Sequence[Rule] = (
    Rule(name="nothing-to-fit", when=When(targets_below=1), use="none", because="no target to fit"),
    Rule(
        name="record-budget",
        when=When(record_budget=True),
        use="sparse",
        because="a record budget was asked for: a sample by leverage and size, calibrated again, needs no training",
    ),
    Rule(
        name="exact-unbounded",
        when=When(exact=True, bounds=False),
        use="entropy",
        because="every target is exact and no bounds were asked for: raking meets them with the nearest weights",
    ),
    Rule(name="bounded-soft", use="logit", because="bounded ratios, soft by each target's tolerance"),
)


def choose_imputer(
    asked: str,
    params: dict[str, Any],
    regime: Regime,
    shape: ImputeShape,
    place: Place | None,
    rules: Sequence[Rule] = (),
    costs: CostModel | None = None,
    memory: int | None = None,
) -> Choice:
    """The imputer for one variable: the one asked for, checked, or by rule. SpecError for one that cannot serve.

    rules: of the spec's own, tried before the built-in ones. costs, memory: what backends take on this machine, and
    the bytes that they may take.
    """
    if asked == "auto":
        facts = {
            "regime": regime.name,
            "donors": shape.donors,
            "predictors": shape.predictors,
            "share_zero": shape.share_zero,
        }

        def lacking(name: str) -> str:
            row = IMPUTERS.load(name).capabilities
            return "" if regime.name in row.regimes and shape.donors >= row.min_rows else "cannot serve"

        def cost(name: str) -> Cost:
            return IMPUTERS.load(name).predict_cost(shape, {})

        own = [rule for rule in rules if rule.use in IMPUTERS.names()]
        evidence = f"{shape.share_zero:.0%} zeros in {shape.donors:,} donors"
        by = _Table([*own, *IMPUTER_RULES], facts, lacking, cost, "impute", costs or shipped_costs(), memory)
        name, reason = by.decide(f"{regime.name}: ", evidence)
    else:
        name, reason = asked, Reason("asked-for", f"asked for; {regime.name}, {shape.donors:,} donors")
    backend = IMPUTERS.load(name)
    row = backend.capabilities
    if regime.name not in row.regimes:
        serving = [other for other in IMPUTERS.names() if regime.name in IMPUTERS.load(other).capabilities.regimes]
        hint = f"served by: {', '.join(serving) or 'none'}"
        raise SpecError(Problem(f"imputer {name!r} lacks the regime {regime.name!r}", place, hint))
    if shape.donors < row.min_rows:
        told = f"imputer {name!r} needs {row.min_rows:,} donor rows, there are {shape.donors:,}"
        raise SpecError(Problem(told, place))
    names = set(backend.param_defaults()) - _GIVEN
    unknown = _unknown_names(f"imputer {name!r}", params, names, place)
    faults = backend(regime=regime.name, **{key: value for key, value in params.items() if key in names}).problems()
    if unknown or faults:
        values = [Problem(f"imputer {name!r}: {fault.message}", place, fault.hint) for fault in faults]
        raise SpecError([*unknown, *values])
    return Choice(name, params, reason, backend.version, backend.predict_cost(shape, params))


def _unknown_names(what: str, params: dict[str, Any], known: set[str], place: Place | None = None) -> list[Problem]:
    hint = f"it has: {', '.join(sorted(known))}" if known else "it has none"
    return [Problem(f"{what} has no parameter {name!r}", place, hint) for name in sorted(set(params) - known)]


@dataclass(frozen=True)
class _Table:
    """A table of rules on the facts of one step.

    lacking: why a backend cannot serve, or "". cost: what it would take.
    """

    rules: Sequence[Rule]
    facts: Mapping[str, Any]
    lacking: Callable[[str], str]
    cost: Callable[[str], Cost]
    kind: str
    costs: CostModel
    memory: int | None

    def decide(self, before: str, evidence: str) -> tuple[str, Reason]:
        """The backend of the first rule that holds and whose backend serves, and why, the runner-up named."""
        held = [rule for rule in self.rules if not rule.when.unmet(self.facts)]
        chosen = next((rule for rule in held if not self._against(rule.use)), held[0])
        because = f"{chosen.because}; " if chosen.because else ""
        return chosen.use, Reason(chosen.name, f"{before}{because}{evidence}{self._runner_up(chosen)}")

    def _against(self, name: str) -> str:
        """Why a backend is passed over: it cannot serve, or takes more than the memory given."""
        lacking = self.lacking(name)
        if not lacking and self.memory is not None and self._price(name).bytes > self.memory:
            return "does not fit the memory"
        return lacking

    def _runner_up(self, chosen: Rule) -> str:
        """The next backend in the table, what it would have taken, and what spoke against it."""
        others = [rule for rule in self.rules if rule.use != chosen.use and rule.use != "none"]
        if not others or chosen.use == "none":
            return ""
        held = [rule for rule in others if not rule.when.unmet(self.facts)]
        other = (held or others)[0]
        unmet = other.when.unmet(self.facts)
        why = self._against(other.use) or (f"is for {unmet}" if unmet else other.because)
        return f"; runner-up {other.use}: {self._price(other.use).seconds:.1f} s{', ' if why else ''}{why}"

    def _price(self, name: str) -> Cost:
        return price(self.kind, name, self.cost(name), self.costs, {})


@dataclass(frozen=True)
class CalibratorNeeds:
    """What the fit targets of a spec demand of a calibrator.

    linear: those that are more than a count of records, and so no margin, with their places.
    """

    targets: int
    records: int
    nonzeros: int
    signed: int
    zeros: int
    exact: bool = False
    linear: Sequence[tuple[str, Place | None]] = ()


def choose_calibrator(
    asked: str,
    params: dict[str, Any],
    needs: CalibratorNeeds,
    rules: Sequence[Rule] = (),
    costs: CostModel | None = None,
    memory: int | None = None,
) -> Choice:
    """The calibrator: the one asked for, checked against what the targets need, or by rule, as for imputers.

    Raises SpecError for one that cannot serve, and for parameters that it does not have or that are out of range.
    """
    shape = CalibrationShape(needs.records, needs.targets, needs.nonzeros)
    if asked == "auto":
        facts = {
            "targets": needs.targets,
            "households": needs.records,
            "exact": needs.exact,
            "bounds": not _BOUNDS.isdisjoint(params),
            "record_budget": not _RECORD_BUDGET.isdisjoint(params),
        }

        def lacking(name: str) -> str:
            found = _lacking(name, needs, params)
            return f"lacks {' and '.join(found)}" if found else ""

        def cost(name: str) -> Cost:
            return CALIBRATORS.load(name).predict_cost(shape, params)

        own = [rule for rule in rules if rule.use in CALIBRATORS.names()]
        evidence = f"{needs.targets:,} targets, {needs.records:,} households"
        by = _Table([*own, *CALIBRATOR_RULES], facts, lacking, cost, "calibrate", costs or shipped_costs(), memory)
        name, reason = by.decide("", evidence)
    else:
        name, reason = asked, Reason("asked-for", f"asked for; {needs.targets:,} targets")
    _refuse_what_lacks(name, needs, params)
    backend = CALIBRATORS.load(name)
    if strange := _unknown_names(f"calibrator {name!r}", params, set(inspect.signature(backend).parameters)):
        raise SpecError(strange)
    backend(**params)
    predicted = backend.predict_cost(shape, params)
    taken = price("calibrate", name, predicted, costs or shipped_costs(), {})
    if memory is not None and taken.bytes > memory:
        raise SpecError(
            Problem(
                f"calibrator {name!r} needs {taken.bytes / 1e9:.1f} GB for {needs.targets:,} targets and "
                f"{needs.records:,} households; the budget is {memory / 1e9:.1f} GB",
                hint=f"served by: {', '.join(_serving(needs, {}, memory, shape, costs)) or 'none'}",
            )
        )
    return Choice(name, params, reason, backend.version, predicted)


def _refuse_what_lacks(name: str, needs: CalibratorNeeds, params: Mapping[str, Any]) -> None:
    """SpecError for a calibrator that cannot serve: what it lacks, what would serve, and the targets at fault."""
    lacks = _lacking(name, needs, params)
    if not lacks or name == "none":
        return
    hint = f"served by: {', '.join(_serving(needs, params)) or 'none'}"
    problems = [Problem(f"calibrator {name!r} lacks {' and '.join(lacks)}", hint=hint)]
    if not CALIBRATORS.load(name).capabilities.linear:
        told = needs.linear[:MOST_TARGETS_TOLD]
        problems += [
            Problem(f"target {target!r} is no margin: it is more than a count of records", place)
            for target, place in told
        ]
    raise SpecError(problems)


def _serving(
    needs: CalibratorNeeds,
    params: Mapping[str, Any],
    memory: int | None = None,
    shape: CalibrationShape | None = None,
    costs: CostModel | None = None,
) -> list[str]:
    """The calibrators that could take what is asked, within the memory if it is given."""
    able = [name for name in CALIBRATORS.names() if name != "none" and not _lacking(name, needs, params)]
    if memory is None or shape is None:
        return able
    model = costs or shipped_costs()

    def size(name: str) -> int:
        return price("calibrate", name, CALIBRATORS.load(name).predict_cost(shape, {}), model, {}).bytes

    return [name for name in able if size(name) <= memory]


def _lacking(name: str, needs: CalibratorNeeds, params: Mapping[str, Any]) -> list[str]:
    """What the targets and the parameters need and a calibrator does not have, with the number of targets."""
    row = CALIBRATORS.load(name).capabilities
    found = [
        f"{what} ({count:,} targets)"
        for what, count, served in (
            ("targets below zero", needs.signed, row.signed_targets),
            ("targets of zero", needs.zeros, row.zero_targets or row.leaves_out_zeros),
            ("targets that are no margins", len(needs.linear), row.linear),
        )
        if count and not served
    ]
    # Beside a record budget, bounds are of what a record kept weighs against the records that it stands for.
    bounded = row.bounds or (row.record_budget and not _RECORD_BUDGET.isdisjoint(params))
    asked = {
        "bounds of weight ratios": (_BOUNDS, bounded),
        "a record budget": (_RECORD_BUDGET, row.record_budget),
    }
    found += [what for what, (names, served) in asked.items() if not served and not names.isdisjoint(params)]
    return found
