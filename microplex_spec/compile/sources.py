"""Steps that read the sources: load what is needed at the run's scale, then carry amounts to the spec's year."""

from __future__ import annotations

from collections.abc import Iterator

from ..spec.check_sources import make_reader
from ..spec.cost import Cost
from ..spec.expression import parse
from ..spec.graph import order
from ..spec.sources import Source
from .base import Draft
from .growth import growth


def add_source_steps(draft: Draft) -> None:
    """A load and an uprate step for the base and each donor that some variable is drawn from."""
    spec = draft.spec
    used = dict.fromkeys([spec.settings.base, *(v.donor or "" for v in spec.imputed())])
    for name in used:
        source = spec.sources[name]
        # Sorted, since keys know no order: else one key could stand for tables with columns in either order.
        columns = dict(sorted(_columns(draft, source)))
        _load(draft, source, columns)
        _uprate(draft, source, columns)


def _columns(draft: Draft, source: Source) -> Iterator[tuple[str, str]]:
    """(variable, column of the source) for every declared variable that the source holds, and the marks of roles."""
    held = draft.profiles[source.name].columns
    for entity in draft.spec.entities.values():
        for role in entity.roles.values():
            if role in held:
                yield role, role
    for variable in draft.spec.variables.values():
        wanted = variable.origin in ("observed", "imputed") and variable.column in held
        if wanted and held[variable.column].entity == variable.entity:
            yield variable.name, variable.column


def _load(draft: Draft, source: Source, columns: dict[str, str]) -> None:
    spec, choices, profile = draft.spec, draft.choices, draft.profiles[source.name]
    is_base = source.name == spec.settings.base
    limit = choices.scale.households if is_base else choices.scale.donor_households
    total = profile.rows[spec.entities.root]
    sample = {"households": limit, "seed": choices.seed} if limit and limit < total else None
    truth = sorted(v.name for v in spec.imputed() if v.name in columns) if is_base else []
    draft.add(
        "load",
        source.name,
        {
            "source": source.name,
            "reader": source.reader,
            "params": dict(source.params),
            "files": dict(profile.files),
            "columns": columns,
            "truth": truth,
            "sample": sample,
            "entities": {name: entity.model_dump(exclude={"label"}) for name, entity in spec.entities.items()},
        },
        (),
        backend=source.reader,
        version=make_reader(spec, source).version,
        cost=Cost(work={"load.fixed": 1, f"load.{source.reader}": 1, "load.bytes": profile.bytes}),
        meta={"label": source.label, "folder": str(spec.folder)},
    )


def _uprate(draft: Draft, source: Source, columns: dict[str, str]) -> None:
    spec = draft.spec
    factors = {
        name: growth(spec, spec.variables[name], source)
        for name in columns
        if name in spec.variables and spec.variables[name].uprate
    }
    derived = [] if source.name == spec.settings.base else _derived_for_donor(draft, columns)
    draft.add(
        "uprate",
        source.name,
        {
            "factors": factors,
            "derive": derived,
            "entities": draft.steps[f"load:{source.name}"].params["entities"],
        },
        [f"load:{source.name}"],
        cost=Cost(work={"uprate.fixed": 1, "uprate.bytes": draft.bytes(source.name)}),
    )


def _derived_for_donor(draft: Draft, columns: dict[str, str]) -> list[list[str]]:
    """[name, entity, expression] of the derived variables that predictors use, in an order that can be computed."""
    spec = draft.spec
    wanted: set[str] = set()
    texts = [text for variable in spec.imputed() for text in spec.predictors(variable)]
    texts += [variable.zero_when for variable in spec.imputed() if variable.zero_when]
    pending = [name for text in texts for name in parse(text).names]
    while pending:
        name = pending.pop()
        variable = spec.variables.get(name)
        if variable and variable.derive and name not in wanted and name not in columns:
            wanted.add(name)
            pending.extend(parse(variable.derive).names)
    before = {name: set(parse(spec.variables[name].derive or "0").names) & wanted for name in wanted}
    return [
        [name, spec.variables[name].entity, spec.variables[name].derive or ""]
        for name in order(sorted(wanted), before.__getitem__)
    ]
