"""Imputer `zi_qrf`: a gate draws whether a value is zero, one forest all other values, both signs together."""

from __future__ import annotations

from .forest_imputer import ForestImputer


class ZiQrf(ForestImputer):
    """A hurdle model (Cragg 1971) whose nonzero values are drawn from one leaf-draw forest.

    Parameters and results: see `HurdleImputer` and `ForestParams`.
    """

    version = 2
    split = "zero"
