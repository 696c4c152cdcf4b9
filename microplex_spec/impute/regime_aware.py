"""Imputer `regime_aware`: gates draw whether a value is zero and its sign, a forest per sign the amount."""

from __future__ import annotations

from .forest_imputer import ForestImputer


class RegimeAware(ForestImputer):
    """A hurdle model (Cragg 1971) whose amounts are drawn from leaf-draw forests, one per sign of the regime.

    Parameters and results: see `HurdleImputer` and `ForestParams`.
    """

    version = 2
    split = "sign"
