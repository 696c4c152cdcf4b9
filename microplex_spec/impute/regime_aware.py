"""Imputer `regime_aware`: gates draw whether a value is zero and its sign, forests the amount."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..spec.cost import shipped_costs, sum_work
from ..spec.errors import Problem
from ..spec.regimes import AUTO, REGIMES, Regime
from ..streams import stream_key, uniforms
from . import params
from .base import Cost, ImputeShape
from .forest import ForestParams, forest_work
from .forest_imputer import ForestImputer
from .gates import GATES, Gate


class RegimeAware(ForestImputer):
    """A hurdle model (Cragg 1971) whose amounts are drawn from leaf-draw forests, one per sign of the regime.

    Regimes without signs to tell apart (positive, count, continuous, ...) take one forest and no gate.
    Parameters: gate (a name in `GATES`), else see `Imputer` and `ForestParams`. After fit also: `gates_` (by
    "zero" and "negative"), `forests_` (by sign, or "all"), `pooled_` (names of the forests too small or
    too uniform to split, which draw from all of their donors by weight). `feature_importances_` are those of the
    amounts, not of the gates.
    """

    version = 1

    def __init__(
        self,
        regime: str = AUTO,
        seed: int = 0,
        stream: str = "",
        stray_tolerance: float = 0.005,
        gate: str = "hist_gb",
        trees: int = 100,
        leaf: int = 30,
        max_features: float = 0.5,
        max_samples: float = 0.5,
        transform: str = "rank",
    ):
        super().__init__(regime, seed, stream, stray_tolerance, trees, leaf, max_features, max_samples, transform)
        self.gate = gate

    def problems(self) -> list[Problem]:
        return [*super().problems(), *params.one_of("gate", self.gate, GATES)]

    def _fit(self, X: np.ndarray, y: np.ndarray, w: np.ndarray, regime: Regime) -> None:
        rows_of: dict[str, np.ndarray] = {}
        self.gates_: dict[str, Gate] = {}
        if regime.gated:
            rows_of = {sign: rows for sign, rows in (("negative", y < 0), ("positive", y > 0)) if rows.any()}
            self._fit_gate("zero", X, y == 0, w)
            nonzero = y != 0
            self._fit_gate("negative", X[nonzero], y[nonzero] < 0, w[nonzero])
        elif regime.signs != ("zero",):
            rows_of["all"] = np.ones(len(y), bool)
        self.forests_ = {name: self._forest(X[r], y[r], w[r], name) for name, r in rows_of.items()}
        self.pooled_ = tuple(name for name, forest in self.forests_.items() if forest.pooled_)
        masses = [(w[rows].sum(), self.forests_[name].feature_importances_) for name, rows in rows_of.items()]
        total = sum(mass for mass, _ in masses) or 1.0
        self.feature_importances_ = sum((mass / total * gain for mass, gain in masses), np.zeros(X.shape[1]))

    def _fit_gate(self, event: str, X: np.ndarray, happens: np.ndarray, w: np.ndarray) -> None:
        """A gate where both outcomes are among the donors; one outcome alone needs none."""
        if happens.any() and not happens.all():
            seed = stream_key(self.seed, f"{self.stream_}/gate/{event}") % 2**31
            self.gates_[event] = GATES[self.gate]().fit(X, happens, w, seed)

    def _draw(self, X: np.ndarray, seed: int, ids: np.ndarray) -> np.ndarray:
        drawn = np.zeros(len(X))
        rows = np.arange(len(X)) if self.forests_ else np.empty(0, np.int64)
        if "zero" in self.gates_:
            rows = rows[~self._happens("zero", X, seed, ids)]
        for name, part in self._split_signs(X, rows, seed, ids):
            u = uniforms(seed, f"{self.stream_}/{name}", ids[part])
            drawn[part] = self.forests_[name].draw(X[part], u)
        return drawn

    def _split_signs(self, X: np.ndarray, rows: np.ndarray, seed: int, ids: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """The rows that each forest draws for."""
        if "negative" not in self.gates_:
            return [(name, rows) for name in self.forests_]
        below = self._happens("negative", X[rows], seed, ids[rows])
        return [("negative", rows[below]), ("positive", rows[~below])]

    def _happens(self, event: str, X: np.ndarray, seed: int, ids: np.ndarray) -> np.ndarray:
        return uniforms(seed, f"{self.stream_}/gate/{event}", ids) < self.gates_[event].probability(X)

    @classmethod
    def predict_cost(cls, shape: ImputeShape, settings: Mapping[str, Any] | None = None) -> Cost:
        resolved = {**cls.param_defaults(), **(settings or {})}
        forest = ForestParams.of(resolved)
        regime = REGIMES[shape.regime]
        if not regime.gated:
            return shipped_costs().price(forest_work(shape, forest))
        moving, gate = 1 - shape.share_zero, GATES[resolved["gate"]]
        negative = min(shape.share_negative, moving) if "negative" in regime.signs else 0.0
        asked = [shape] if "zero" in regime.signs else []
        if {"negative", "positive"} <= set(regime.signs):
            asked.append(_part(shape, moving))
        signs = [_part(shape, share) for share in (negative, moving - negative) if share > 0]
        parts = [*(forest_work(rows, forest) for rows in signs), *(gate.work(rows) for rows in asked)]
        return shipped_costs().price(sum_work(*parts))


def _part(shape: ImputeShape, share: float) -> ImputeShape:
    """The rows of a shape that one of the signs is about."""
    return replace(shape, donors=int(shape.donors * share), recipients=int(shape.recipients * share))
