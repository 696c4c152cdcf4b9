"""What imputers made of leaf-draw forests share: their parameters, their capability row, their forests."""

from __future__ import annotations

import numpy as np

from ..spec.errors import Problem
from ..spec.regimes import REGIMES
from .base import Imputer, ImputerCapabilities
from .forest import ForestParams, LeafForest


class ForestImputer(Imputer):
    """An imputer with the parameters of `ForestParams`; subclasses arrange forests made by `_forest`."""

    capabilities = ImputerCapabilities(
        regimes=frozenset(REGIMES),
        weights=True,
        seeded=True,
        min_rows=1,
        missing_predictors=True,
        exact_donor_values=True,
        needs=("joblib", "numba", "sklearn"),
    )

    def __init__(
        self,
        regime: str,
        seed: int,
        stream: str,
        stray_tolerance: float,
        trees: int,
        leaf: int,
        max_features: float,
        max_samples: float,
        transform: str,
    ):
        super().__init__(regime, seed, stream, stray_tolerance)
        self.trees = trees
        self.leaf = leaf
        self.max_features = max_features
        self.max_samples = max_samples
        self.transform = transform

    def problems(self) -> list[Problem]:
        return [*super().problems(), *ForestParams.of(self.get_params()).problems()]

    def _forest(self, X: np.ndarray, y: np.ndarray, w: np.ndarray, name: str) -> LeafForest:
        """A fitted forest whose randomness is its own, by name."""
        return LeafForest(ForestParams.of(self.get_params())).fit(X, y, w, self.seed, f"{self.stream_}/{name}")
