"""Growth of a variable's amounts from the year of a source to the spec's."""

from __future__ import annotations

from ..spec.growth_factors import GrowthFactors
from ..spec.model import Spec
from ..spec.project import resolve_file
from ..spec.sources import Source
from ..spec.variables import Variable


def growth(spec: Spec, variable: Variable, source: Source) -> float:
    """The factor that carries the amounts of an uprated variable from the source's year to the spec's."""
    if source.period == spec.period:
        return 1.0
    assert spec.settings.uprating is not None
    path = resolve_file(spec.settings.uprating.file, spec.folder)
    return GrowthFactors.read(path).factor(variable.uprate or "", source.period, spec.period)
