"""Steps that make variables: imputed from a donor, derived by an expression, drawn at a published rate."""

from __future__ import annotations

from ..plan import Reason
from ..spec.cost import FREE, Cost, ImputeShape
from ..spec.errors import SpecError
from ..spec.expression import parse
from ..spec.graph import needs, order
from ..spec.regimes import AUTO, REGIMES, Regime, Support, check_regime, infer_regime
from ..spec.registry import IMPUTERS
from ..spec.variables import Variable
from .asked import asked_imputer
from .base import Draft
from .bounds import check_bounds
from .choose import Choice, choose_imputer
from .costs import with_work
from .donors import check_donors
from .profile import UniverseProfile
from .simulation import add_simulation


def add_variable_steps(draft: Draft) -> None:
    """A step for each variable that is not observed, each after what it needs; simulations where they are needed."""
    spec = draft.spec
    _check_roles(draft)
    _check_shares(draft)
    for name in order(spec.variables, lambda name: needs(spec, spec.variables[name])):
        variable = spec.variables[name]
        if variable.origin == "imputed":
            _impute(draft, variable)
        elif variable.origin == "derived":
            _derive(draft, variable)
        elif variable.origin == "rate":
            _rate(draft, variable)


def _impute(draft: Draft, variable: Variable) -> None:
    spec, donor = draft.spec, variable.donor or ""
    predictors = spec.predictors(variable)
    held = _universe(draft, variable)
    regime = _regime(draft, variable, held)
    if donor == spec.settings.base:
        message = f"{variable.name} is drawn from the base itself; name another source, or leave out 'from'"
        draft.problems.add(message, spec.places.of("variable", variable.name, "from"))
    shape = ImputeShape(
        donors=round(draft.rows(donor, variable.entity) * held.share),
        recipients=round(draft.rows(spec.settings.base, variable.entity) * _recipients(draft, variable, held)),
        predictors=len(predictors),
        regime=regime.name,
        share_zero=_share(held.support, "zero"),
        share_negative=_share(held.support, "negative"),
    )
    check_donors(draft, variable, held)
    check_bounds(draft, variable, regime)
    asked = asked_imputer(spec, draft.choices, variable)
    place = spec.places.of("variable", variable.name, "imputer" if variable.imputer else "regime")
    try:
        choice = choose_imputer(
            asked.name,
            asked.params,
            regime,
            shape,
            place,
            rules=spec.rules,
            costs=draft.costs,
            memory=draft.budget.memory_bytes,
        )
        libraries = IMPUTERS.load(choice.name).libraries()
    except SpecError as error:
        draft.problems.absorb(error)
        # Stands in so that what needs this variable is checked as well; no plan comes of a draft with problems.
        choice = Choice(asked.name, {}, Reason("refused", str(error)), 0, FREE)
        libraries = {}
    used = [name for text in predictors for name in parse(text).names]
    if variable.zero_when:
        used += parse(variable.zero_when).names
    if variable.share_of:
        used.append(variable.share_of)
    draft.add(
        "impute",
        variable.name,
        {
            "variable": variable.name,
            "entity": variable.entity,
            "dtype": variable.dtype,
            "donor": donor,
            "regime": regime.name,
            "predictors": list(predictors),
            "share_of": variable.share_of,
            "zero_when": variable.zero_when,
            "bounds": variable.bounds.model_dump() if variable.bounds else None,
            "stray_tolerance": variable.stray_tolerance,
            "params": choice.params,
            "libraries": libraries,
            "seed": draft.choices.seed,
        },
        [draft.base, f"uprate:{donor}", *draft.makers(used)],
        backend=choice.name,
        version=choice.version,
        reasons=[asked.reason or choice.reason, *_regime_reason(variable, regime)],
        cost=with_work("impute", choice.name, choice.cost, _reading(draft, variable, len(predictors))),
        meta={"label": variable.label, "unit": variable.unit},
    )


def _reading(draft: Draft, variable: Variable, predictors: int) -> dict[str, float]:
    """Reading base and donor, and computing the predictors of all rows of both."""
    sources = (draft.spec.settings.base, variable.donor or "")
    read = sum(draft.bytes(source) for source in sources)
    rows = sum(draft.rows(source, variable.entity) for source in sources)
    return {"column.fixed": 1, "column.read": read, "impute.predictors": rows * predictors}


def _share(support: Support | None, kind: str) -> float:
    """Share of the donor rows of one kind, unweighted: a fit takes as long for a light row as for a heavy one."""
    return getattr(support, f"rows_{kind}") / support.rows if support and support.rows else 0.0


def _universe(draft: Draft, variable: Variable) -> UniverseProfile:
    """The donor's rows that can hold the variable, with its values there: all rows where nothing is structural."""
    profile = draft.profiles[variable.donor or ""]
    column, rows = profile.columns[variable.name], profile.rows[variable.entity]
    return profile.universes.get(variable.name) or UniverseProfile(rows, rows, column.missing, column.support)


def _recipients(draft: Draft, variable: Variable, held: UniverseProfile) -> float:
    """Share of the base's rows that are drawn for; the donor's share where it rests on what is still to be made."""
    return draft.profiles[draft.spec.settings.base].universes.get(variable.name, held).share


def _check_roles(draft: Draft) -> None:
    """Report sources in which a role that stands for one member of a group is held by several."""
    for name, profile in draft.profiles.items():
        source = draft.spec.sources[name]
        for role, groups in profile.crowded.items():
            group, _, held = role.partition(".")
            draft.problems.add(
                f"{name}: {groups:,} of {profile.rows[group]:,} rows of {group} have more than one {held}",
                draft.spec.places.of("source", name, "params" if source.params else "reader"),
                f"a {held} is the one {group} member whose {draft.spec.entities[group].roles[held]} is true",
            )


def _check_shares(draft: Draft) -> None:
    """Report totals of which several parts are drawn, each by itself: together they would not come to the total."""
    parts: dict[str, list[str]] = {}
    for variable in draft.spec.imputed():
        if variable.share_of:
            parts.setdefault(variable.share_of, []).append(variable.name)
    for total, (first, *others) in parts.items():
        for name in others:
            draft.problems.add(
                f"{name}: {first} is drawn as a share of {total}, too, and the two need not sum to it",
                draft.spec.places.of("variable", name, "share_of"),
                f"derive the rest ({total} - {first}) and, where it has parts of its own, draw them as shares of that",
            )


def _column_cost(draft: Draft, rows: int) -> Cost:
    """What making a column from the base takes."""
    return Cost(work={"column.fixed": 1, "column.read": draft.bytes(draft.spec.settings.base), "column.rows": rows})


def _regime(draft: Draft, variable: Variable, held: UniverseProfile) -> Regime:
    """The declared regime, checked against the weighted support of its universe, or the one that this shows."""
    support = held.support
    if support is None:
        return REGIMES["categorical"]
    if variable.regime == AUTO:
        return infer_regime(support)
    regime = REGIMES[variable.regime]
    for fault in check_regime(regime, support, variable.stray_tolerance):
        place = draft.spec.places.of("variable", variable.name, "regime")
        draft.problems.add(f"{variable.name}: {fault} (donor {variable.donor})", place)
    return regime


def _regime_reason(variable: Variable, regime: Regime) -> list[Reason]:
    if variable.regime != AUTO:
        return []
    return [Reason("regime-seen", f"declared auto; the donor's values are {regime.name}")]


def _derive(draft: Draft, variable: Variable) -> None:
    expression = parse(variable.derive or "")
    for engine in sorted({engine for engine, _ in expression.engine_variables}):
        add_simulation(draft, engine, draft.spec.period)
    rows = draft.rows(draft.spec.settings.base, variable.entity)
    draft.add(
        "derive",
        variable.name,
        {
            "variable": variable.name,
            "entity": variable.entity,
            "expression": str(expression),
            "dtype": variable.dtype,
        },
        [draft.base, *draft.makers(expression.names), *draft.simulations([expression])],
        reasons=[Reason("derived", str(expression))],
        cost=_column_cost(draft, rows),
        meta={"label": variable.label, "unit": variable.unit},
    )


def _rate(draft: Draft, variable: Variable) -> None:
    assert variable.rate is not None
    expressions = [parse(text) for text in variable.rate.by]
    rows = draft.rows(draft.spec.settings.base, variable.entity)
    draft.add(
        "rate",
        variable.name,
        {
            "variable": variable.name,
            "entity": variable.entity,
            "otherwise": variable.rate.otherwise,
            # Pairs, since their order decides.
            "by": [[str(e), rate] for e, rate in zip(expressions, variable.rate.by.values(), strict=True)],
            "seed": draft.choices.seed,
        },
        [draft.base, *draft.makers(name for e in expressions for name in e.names)],
        reasons=[Reason("published-rate", f"{variable.rate.otherwise:.1%}: {variable.rate.source}")],
        cost=_column_cost(draft, rows),
        meta={"label": variable.label, "unit": variable.unit},
    )
