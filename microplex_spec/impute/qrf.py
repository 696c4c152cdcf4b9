"""Imputer `qrf`: one leaf-draw forest over all values, zeros and signs included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..spec.cost import shipped_costs
from ..spec.regimes import AUTO, Regime
from ..streams import uniforms
from .base import Cost, ImputeShape
from .forest import ForestParams, forest_work
from .forest_imputer import ForestImputer


class Qrf(ForestImputer):
    """Quantile regression forest (Meinshausen 2006) drawn exactly, under design weights.

    Draws are donor values, so every regime's structure holds by construction. Parameters: see `Imputer` and
    `ForestParams`. After fit also: `forest_`.
    """

    version = 1

    def __init__(
        self,
        regime: str = AUTO,
        seed: int = 0,
        stream: str = "",
        stray_tolerance: float = 0.005,
        trees: int = 100,
        leaf: int = 30,
        max_features: float = 0.5,
        max_samples: float = 0.5,
        transform: str = "rank",
    ):
        super().__init__(regime, seed, stream, stray_tolerance, trees, leaf, max_features, max_samples, transform)

    def _fit(self, X: np.ndarray, y: np.ndarray, w: np.ndarray, regime: Regime) -> None:
        self.forest_ = self._forest(X, y, w, "all")
        self.feature_importances_ = self.forest_.feature_importances_

    def _draw(self, X: np.ndarray, seed: int, ids: np.ndarray) -> np.ndarray:
        return self.forest_.draw(X, uniforms(seed, f"{self.stream_}/all", ids))

    @classmethod
    def predict_cost(cls, shape: ImputeShape, settings: Mapping[str, Any] | None = None) -> Cost:
        return shipped_costs().price(forest_work(shape, ForestParams.of({**cls.param_defaults(), **(settings or {})})))
