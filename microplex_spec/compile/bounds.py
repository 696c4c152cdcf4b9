"""Whether the bounds of an imputed variable leave room for what its donors hold."""

from __future__ import annotations

from ..spec.regimes import Regime
from ..spec.variables import Variable
from .base import Draft
from .growth import growth


def check_bounds(draft: Draft, variable: Variable, regime: Regime) -> None:
    """Report bounds that would move every gain or every loss to zero or beyond, or nearer to zero than any donor is.

    A draw beyond a bound is moved to it, which must not undo the signs that the regime promises.
    """
    bounds, support = variable.bounds, draft.profiles[variable.donor or ""].columns[variable.name].support
    if bounds is None or support is None:
        return
    factor = growth(draft.spec, variable, draft.spec.sources[variable.donor or ""]) if variable.uprate else 1.0
    place = draft.spec.places.of("variable", variable.name, "bounds")
    least, most = support.smallest_positive, support.largest_negative
    faults = []
    if "positive" in regime.signs and least is not None and bounds.max is not None and bounds.max < least * factor:
        faults.append((f"end at {bounds.max:g}, below the smallest gain of any donor, {least * factor:g}", "raise max"))
    if "negative" in regime.signs and most is not None and bounds.min is not None and bounds.min > most * factor:
        faults.append(
            (f"start at {bounds.min:g}, above the smallest loss of any donor, {most * factor:g}", "lower min")
        )
    for told, mend in faults:
        hint = f"{mend}, or declare a regime other than {regime.name}"
        draft.problems.add(f"{variable.name}: bounds {told}", place, hint)
