"""What imputers made of leaf-draw forests share: their parameters, their capability row, their forests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from ..spec.cost import Work
from ..spec.errors import Problem
from ..spec.regimes import AUTO, REGIMES
from .base import ImputerCapabilities, ImputeShape
from .forest_tuning import Opening
from .gates import DEFAULT_GATE
from .hurdle import AmountModel, HurdleImputer

Auto = Literal["auto"]


class ForestImputer(HurdleImputer):
    """A hurdle whose amounts are drawn from leaf-draw forests with the parameters of `ForestParams`.

    leaf: about the fewest donors in a leaf; auto has it chosen on donors held out. max_features: share or number of the
    predictors tried at a split; auto as for leaf.
    """

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
        leaf: int | Auto = 30,
        max_features: float | Auto = 0.5,
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
        return [*super().problems(), *Opening.of(vars(self)).params.problems()]

    def _amount_model(self) -> AmountModel:
        return Opening.of(vars(self)).model()

    @classmethod
    def amount_work(cls, shape: ImputeShape, settings: Mapping[str, Any]) -> Work:
        return Opening.of(settings).work(shape)
