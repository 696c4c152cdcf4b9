"""Imputer `qrf`: one leaf-draw forest over all values, zeros and signs included."""

from __future__ import annotations

from .forest_imputer import ForestImputer


class Qrf(ForestImputer):
    """Quantile regression forest (Meinshausen 2006) drawn exactly, under design weights, without a gate.

    Draws are donor values, so every regime's structure holds by construction. Parameters: see `ForestParams`.
    """

    version = 1
    split = "none"
