"""Imputer `cart`: one deep tree, a donor of the leaf by weight, as synthesisers of microdata draw (Reiter 2005)."""

from __future__ import annotations

from typing import Any

from ..spec.regimes import AUTO
from .forest_imputer import Auto, ForestImputer

ONE_TREE: dict[str, Any] = {"trees": 1, "max_features": 1.0, "max_samples": 1.0}
"""On all donors, every predictor tried at each split."""


class Cart(ForestImputer):
    """A single tree on all donors and predictors, without a gate: the sequential synthesis of Reiter (2005).

    leaf: fewest donors in a leaf, or auto. transform: scale of the target on which splits are judged
    (rank, log1p or none).
    """

    version = 1
    split = "none"

    def __init__(
        self,
        regime: str = AUTO,
        seed: int = 0,
        stream: str = "",
        stray_tolerance: float = 0.005,
        leaf: int | Auto = 20,
        transform: str = "rank",
    ):
        super().__init__(regime, seed, stream, stray_tolerance, leaf=leaf, transform=transform, **ONE_TREE)
