"""What imputers made of leaf-draw forests share: their parameters, their capability row, their forests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..spec.cost import Work
from ..spec.errors import Problem
from ..spec.regimes import AUTO, REGIMES
from .base import ImputerCapabilities, ImputeShape
from .forest import ForestParams, LeafForest, forest_work
from .gates import DEFAULT_GATE
from .hurdle import HurdleImputer


class ForestImputer(HurdleImputer):
    """A hurdle whose amounts are drawn from leaf-draw forests with the parameters of `ForestParams`."""

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
        regime: str = AUTO,
        seed: int = 0,
        stream: str = "",
        stray_tolerance: float = 0.005,
        gate: str = DEFAULT_GATE,
        trees: int = 100,
        leaf: int = 30,
        max_features: float = 0.5,
        max_samples: float = 0.5,
        transform: str = "rank",
    ):
        super().__init__(regime, seed, stream, stray_tolerance, gate)
        self.trees = trees
        self.leaf = leaf
        self.max_features = max_features
        self.max_samples = max_samples
        self.transform = transform

    def problems(self) -> list[Problem]:
        return [*super().problems(), *ForestParams.of(self.get_params()).problems()]

    def _amount_model(self) -> LeafForest:
        return LeafForest(ForestParams.of(self.get_params()))

    @classmethod
    def amount_work(cls, shape: ImputeShape, settings: Mapping[str, Any]) -> Work:
        return forest_work(shape, ForestParams.of(settings))
