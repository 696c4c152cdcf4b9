"""Whether donors can be learned from: values and weights where they are needed, predictors as the base has them."""

from __future__ import annotations

from collections.abc import Iterator

from ..spec.errors import Place
from ..spec.expression import parse
from ..spec.model import Spec
from ..spec.variables import Variable
from .base import Draft
from .profile import ColumnProfile, SourceProfile, UniverseProfile


def check_donors(draft: Draft, variable: Variable, held: UniverseProfile) -> None:
    """Report what no imputer can learn from, with counts and places: see the module's first line.

    held: the donor's rows that can hold the variable.
    """
    places, donor = draft.spec.places, variable.donor or ""
    field = "zero_when" if variable.zero_when else "share_of" if variable.share_of else "from"
    rows = f"{variable.entity} of donor {donor}"
    if held.rows == 0:
        place = places.of("variable", variable.name, field)
        draft.problems.add(f"{variable.name}: no {rows} can hold a value", place)
    if held.missing:
        who = f"{held.missing:,} of {held.rows:,} donors ({variable.entity} of {donor})"
        what = "finite value, or none of its total" if variable.share_of else "finite value"
        hint = "fill them in the source, or name the rows that can hold none under zero_when"
        draft.problems.add(f"{variable.name}: {who} have no {what}", places.of("variable", variable.name, "from"), hint)
    if held.share_denied > variable.stray_tolerance:
        told = f"{held.denied:,} donors ({held.share_denied:.2%} of the weight) for whom zero_when holds have a value"
        hint = f"the stray tolerance is {variable.stray_tolerance:.2%}; zero_when is to name who can hold none"
        draft.problems.add(f"{variable.name}: {told}", places.of("variable", variable.name, "zero_when"), hint)
    if held.beyond:
        told = f"of {held.beyond:,} of {held.rows:,} donors it is below zero or above {variable.share_of}, of which"
        hint = "a part is at most its total: mend the source, or impute it without share_of"
        place = places.of("variable", variable.name, "share_of")
        draft.problems.add(f"{variable.name}: {told} it is a part", place, hint)
    if held.support and held.support.rows and not held.support.weighted:
        place = places.of("variable", variable.name, field)
        draft.problems.add(
            f"{variable.name}: all {held.support.rows:,} rows that can hold one ({rows}) weigh zero", place
        )
    _check_predictors(draft, variable)
    if variable.name in draft.profiles[donor].columns:
        place = places.of("variable", variable.name, "from")
        _check_kind(draft, f"{variable.name}:", variable.dtype, variable.name, donor, place)


def _check_predictors(draft: Draft, variable: Variable) -> None:
    base, donor = draft.spec.settings.base, variable.donor or ""
    for text, place in _placed(draft.spec, variable):
        for name in sorted(parse(text).names - {variable.name}):
            for source in (donor, base):
                for column in _columns(draft.spec, name, draft.profiles[source]):
                    _check_finite(draft, name, column, source, place)
            for column in _columns(draft.spec, name, draft.profiles[donor]):
                of = draft.spec.variables.get(column)
                seen = draft.profiles[base].columns.get(column)
                dtype = of.dtype if of else seen.dtype if seen else None
                if dtype:
                    _check_kind(draft, f"predictor {name!r}:", dtype, column, donor, place)


def _placed(spec: Spec, variable: Variable) -> Iterator[tuple[str, Place | None]]:
    """A variable's predictors, and where each stands: in the variable, or in a set of the spec."""
    for field, items in (("predictors", variable.predictors), ("order", variable.order)):
        for index, item in enumerate(items):
            within = spec.settings.predictor_sets.get(item)
            if within is None:
                yield item, spec.places.of("variable", variable.name, field, index)
            else:
                for number, text in enumerate(within):
                    yield text, spec.places.of("spec", "spec", "predictor_sets", item, number)


def _columns(spec: Spec, name: str, profile: SourceProfile) -> list[str]:
    """The columns of a source from which a name is told there; none for what another step makes."""
    variable = spec.variables.get(name)
    column = variable.column if variable else name
    if column in profile.columns:
        return [column]
    if variable is None or variable.derive is None:
        return []
    return [column for other in sorted(parse(variable.derive).names) for column in _columns(spec, other, profile)]


def _check_finite(draft: Draft, name: str, column: str, source: str, place: Place | None) -> None:
    seen = draft.profiles[source].columns[column]
    if seen.infinite:
        told = f"predictor {name!r}: {_counted(seen.infinite, seen, draft.profiles[source])} of {source} is infinite"
        draft.problems.add(told, place, "cap or clear them in the source: predictors are held as float32, up to 3.4e38")


def _check_kind(draft: Draft, of: str, dtype: str, column: str, source: str, place: Place | None) -> None:
    """Report text where numbers were declared, and numbers where codes were."""
    seen = draft.profiles[source].columns[column]
    if (dtype == "code") == (seen.dtype == "code"):
        return
    if dtype == "code":
        told = f"{of} {column!r} of {source} holds numbers, and was declared as a code"
        draft.problems.add(told, place, "codes are text: say so under types of the source")
    else:
        counted = _counted(seen.words, seen, draft.profiles[source])
        told = f"{of} {column!r} of {source} is to hold numbers, and {counted} holds text"
        draft.problems.add(told, place, "clear it in the source, or say under types what the column holds")


def _counted(some: int, column: ColumnProfile, profile: SourceProfile) -> str:
    return f"{some:,} of {profile.rows[column.entity]:,} rows ({column.entity})"
