"""Imputer `quantile_grid`: the package quantile-forest at a random level of a grid, the field's usual way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from ..spec.cost import ImputeShape, Work
from ..spec.errors import Problem, SpecError
from ..spec.regimes import AUTO, REGIMES
from . import params
from .arrays import finite_values
from .base import ImputerCapabilities
from .hurdle import HurdleImputer
from .quantile_forest import QuantileForest


class QuantileGrid(HurdleImputer):
    """A quantile regression forest (Meinshausen 2006) asked for one quantile of a grid a row, without a gate.

    The baseline that exact draws are held against, and a source of diagnostics: `quantiles` and `pit`. Quantiles lie
    between donor values and are then moved to the regime's support.

    trees: how many. leaf: fewest donors in a leaf. max_features: share or number of the predictors tried at a split.
    kept: most donors that a leaf remembers, by which memory is bounded. levels: how many quantiles are on the grid.
    """

    version = 1
    split = "none"
    capabilities = ImputerCapabilities(
        regimes=frozenset(REGIMES) - {"constant_zero"},
        weights=True,
        seeded=True,
        min_rows=1,
        missing_predictors=True,
        exact_donor_values=False,
        needs=("quantile_forest", "sklearn"),
    )

    def __init__(
        self,
        regime: str = AUTO,
        seed: int = 0,
        stream: str = "",
        stray_tolerance: float = 0.005,
        trees: int = 100,
        leaf: int = 5,
        max_features: float = 1.0,
        kept: int = 20,
        levels: int = 19,
    ):
        super().__init__(regime, seed, stream, stray_tolerance)
        self.trees = trees
        self.leaf = leaf
        self.max_features = max_features
        self.kept = kept
        self.levels = levels

    def problems(self) -> list[Problem]:
        return [
            *super().problems(),
            *params.whole_number("trees", self.trees, 1),
            *params.whole_number("leaf", self.leaf, 1),
            *params.share_or_count("max_features", self.max_features),
            *params.whole_number("kept", self.kept, 1),
            *params.whole_number("levels", self.levels, 1),
        ]

    def _amount_model(self) -> QuantileForest:
        return QuantileForest(self.trees, self.leaf, self.max_features, self.kept, self.levels)

    def quantiles(self, X: Any, levels: Any) -> np.ndarray:
        """Conditional quantiles (n, m) at levels (m,) within 0..1 of each row of X, after fit; SpecError for others."""
        matrix, asked = self._matrix(X), np.asarray(levels)
        # Written so that NaN is outside, too.
        if asked.ndim != 1 or asked.dtype.kind not in "iuf" or not ((asked >= 0) & (asked <= 1)).all():
            raise SpecError(f"levels must be a list of numbers within 0..1, got {levels!r}")
        return self._forest().quantiles(matrix, asked.astype(np.float64))

    def pit(self, X: Any, y: Any) -> np.ndarray:
        """Probability integral transform (n,): where y (n,) lies in the conditional distribution of its row.

        Uniform if the distribution is right (Dawid 1984), but for the steps at values that many donors share. SpecError
        for values that are not finite numbers, one a row.
        """
        matrix = self._matrix(X)
        return self._forest().pit(matrix, finite_values(y, len(matrix), "values to be ranked"))

    def _forest(self) -> QuantileForest:
        return cast(QuantileForest, self.amounts_["all"])

    @classmethod
    def amount_work(cls, shape: ImputeShape, settings: Mapping[str, Any]) -> Work:
        trees = settings["trees"]
        return {
            "import.quantile_forest": 1,
            "quantile_forest.splits": trees * shape.donors * shape.predictors * math.log2(max(2, shape.donors)),
            "quantile_forest.leaves": trees * min(1.0, settings["kept"] / settings["leaf"]) * shape.donors,
            "quantile_forest.draws": shape.recipients * trees * settings["levels"],
        }
