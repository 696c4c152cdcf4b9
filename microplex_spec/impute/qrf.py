"""Imputer `qrf`: one leaf-draw forest over all values, zeros and signs included."""

from __future__ import annotations

from ..spec.regimes import AUTO
from .forest_imputer import Auto, ForestImputer


class Qrf(ForestImputer):
    """Quantile regression forest (Meinshausen 2006) drawn exactly, under design weights, without a gate.

    Draws are donor values, so every regime's structure holds by construction. Parameters: see `Imputer` and
    `ForestParams`.
    """

    version = 1
    split = "none"

    def __init__(
        self,
        regime: str = AUTO,
        seed: int = 0,
        stream: str = "",
        stray_tolerance: float = 0.005,
        trees: int = 100,
        leaf: int | Auto = 30,
        max_features: float | Auto = 0.5,
        max_samples: float = 0.5,
        transform: str = "rank",
    ):
        super().__init__(
            regime,
            seed,
            stream,
            stray_tolerance,
            trees=trees,
            leaf=leaf,
            max_features=max_features,
            max_samples=max_samples,
            transform=transform,
        )
