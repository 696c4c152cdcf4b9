"""Steps that make variables: imputed from a donor, derived by an expression, drawn at a published rate."""

from __future__ import annotations

from dataclasses import replace

from ..plan import Reason
from ..spec.cost import FREE, Cost, ImputeShape
from ..spec.errors import SpecError
from ..spec.expression import parse
from ..spec.graph import needs, order
from ..spec.regimes import AUTO, REGIMES, Regime, Support, check_regime, infer_regime
from ..spec.registry import IMPUTERS
from ..spec.variables import Backend, Variable
from .base import Draft
from .choose import Choice, choose_imputer
from .costs import with_work
from .simulation import add_simulation


def add_variable_steps(draft: Draft) -> None:
    """A step for each variable that is not observed, each after what it needs; simulations where they are needed."""
    spec = draft.spec
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
    column = draft.profiles[donor].columns[variable.name]
    place = spec.places.of("variable", variable.name, "imputer" if variable.imputer else "regime")
    regime = _regime(draft, variable)
    if column.dtype == "code" or variable.dtype == "code":
        draft.problems.add(
            f"{variable.name} is a code, and imputers draw numbers", spec.places.of("variable", variable.name)
        )
    if donor == spec.settings.base:
        message = f"{variable.name} is drawn from the base itself; name another source, or leave out 'from'"
        draft.problems.add(message, spec.places.of("variable", variable.name, "from"))
    shape = ImputeShape(
        donors=draft.rows(donor, variable.entity),
        recipients=draft.rows(spec.settings.base, variable.entity),
        predictors=len(predictors),
        regime=regime.name,
        share_zero=_share(column.support, "zero"),
        share_negative=_share(column.support, "negative"),
    )
    if variable.share_of:
        shape = _with_a_total(shape, draft.profiles[donor].columns[variable.share_of].support)
    asked = variable.imputer or Backend(name=draft.choices.imputer.name, params=draft.choices.imputer.params)
    try:
        choice = choose_imputer(
            asked.name,
            dict(asked.params),
            regime,
            shape,
            place,
            rules=spec.rules,
            costs=draft.costs,
            memory=draft.budget.memory_bytes,
        )
    except SpecError as error:
        draft.problems.absorb(error)
        # Stands in so that what needs this variable is checked as well; no plan comes of a draft with problems.
        choice = Choice(asked.name, {}, Reason("refused", str(error)), 0, FREE)
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
            "libraries": IMPUTERS.load(choice.name).libraries(),
            "seed": draft.choices.seed,
        },
        [draft.base, f"uprate:{donor}", *draft.makers(used)],
        backend=choice.name,
        version=choice.version,
        reasons=[choice.reason, *_regime_reason(variable, regime)],
        cost=with_work("impute", choice.name, choice.cost, _reading(draft, shape, donor)),
        meta={"label": variable.label, "unit": variable.unit},
    )


def _reading(draft: Draft, shape: ImputeShape, donor: str) -> dict[str, float]:
    """Reading base and donor, and computing the predictors of both."""
    read = draft.bytes(draft.spec.settings.base) + draft.bytes(donor)
    rows = shape.donors + shape.recipients
    return {"column.fixed": 1, "column.read": read, "impute.predictors": rows * shape.predictors}


def _share(support: Support | None, kind: str) -> float:
    """Share of the donor rows of one kind, unweighted: a fit takes as long for a light row as for a heavy one."""
    return getattr(support, f"rows_{kind}") / support.rows if support and support.rows else 0.0


def _with_a_total(shape: ImputeShape, total: Support | None) -> ImputeShape:
    """Only rows whose total is not zero have a share: they alone are fitted and drawn for."""
    held = 1 - _share(total, "zero")
    if held <= 0:
        return shape
    return replace(
        shape,
        donors=round(shape.donors * held),
        recipients=round(shape.recipients * held),
        share_zero=max(0.0, 1 - (1 - shape.share_zero) / held),
        share_negative=min(1.0, shape.share_negative / held),
    )


def _column_cost(draft: Draft, rows: int) -> Cost:
    """What making a column from the base takes."""
    return Cost(work={"column.fixed": 1, "column.read": draft.bytes(draft.spec.settings.base), "column.rows": rows})


def _regime(draft: Draft, variable: Variable) -> Regime:
    """The declared regime, checked against the donor's weighted support, or the one that the support shows."""
    support = draft.profiles[variable.donor or ""].columns[variable.name].support
    if support is None:
        return REGIMES["categorical"]
    if variable.regime == AUTO:
        return infer_regime(support)
    regime = REGIMES[variable.regime]
    if variable.zero_when or variable.share_of:
        # Structural zeros are no evidence against a regime: the donors they stand for are left out of training.
        support = replace(support, rows_zero=0, share_zero=0.0)
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
