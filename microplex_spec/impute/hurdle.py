"""Hurdles: gates draw whether a value is zero and which sign it has, a model of each part draws the amount."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np

from ..spec.cost import Work, shipped_costs, sum_work
from ..spec.errors import Problem
from ..spec.libraries import versions_of
from ..spec.regimes import AUTO, REGIMES, Regime
from ..streams import stream_key, uniforms
from . import params
from .base import Cost, Imputer, ImputeShape
from .gates import DEFAULT_GATE, GATE_PACKAGES, GATES, Gate
from .part_support import PartSupport


class AmountModel(Protocol):
    """A conditional distribution of amounts, drawn from by record.

    pooled_: whether it found nothing to split and draws from all of its donors by weight.
    """

    feature_importances_: np.ndarray
    pooled_: bool

    def fit(self, X: np.ndarray, y: np.ndarray, w: np.ndarray, seed: int, stream: str) -> Self:
        """Learn from X float32 (n, p), NaN where missing, y (n,) and w (n,) positive, keyed by seed and stream."""
        ...

    def draw(self, X: np.ndarray, seed: int, stream: str, ids: np.ndarray) -> np.ndarray:
        """A value (n,) for each row of X, which depends on that row, its id, the seed and the stream alone."""
        ...


class HurdleImputer(Imputer):
    """An imputer made of gates and amount models (hurdle models: Cragg 1971).

    split: "none" (one model of all values), "zero" (a zero gate, and one model of all that is not zero) or "sign"
    (a second gate that tells losses from gains, and a model of each). Regimes without signs to tell apart (positive,
    count, continuous, ...) take one model and no gate.
    gate: the classifier that decides (hist_gb, rf, rf_isotonic, logistic, mlp, or none for the donors' plain share).

    After fit: `gates_` (by "zero" and "negative"), `amounts_` (by part: "all", "nonzero", "negative", "positive"),
    `pooled_` (the parts too small or too uniform to split). `feature_importances_` are those of the amounts.
    """

    split: ClassVar[Literal["none", "zero", "sign"]]

    def __init__(
        self,
        regime: str = AUTO,
        seed: int = 0,
        stream: str = "",
        stray_tolerance: float = 0.005,
        gate: str = DEFAULT_GATE,
    ):
        super().__init__(regime, seed, stream, stray_tolerance)
        self.gate = gate

    @abstractmethod
    def _amount_model(self) -> AmountModel:
        """An unfitted model of amounts with this imputer's parameters."""

    @classmethod
    @abstractmethod
    def amount_work(cls, shape: ImputeShape, settings: Mapping[str, Any]) -> Work:
        """How much one amount model on all of the shape's donors does, drawn from once per recipient."""

    @classmethod
    def libraries(cls) -> dict[str, str]:
        gates = GATE_PACKAGES if cls.split != "none" else ()
        return super().libraries() | versions_of(gates)

    @classmethod
    def param_defaults(cls) -> dict[str, Any]:
        """Those of the constructor; a gate is none of a backend that has no use for one."""
        known = super().param_defaults()
        return {name: known[name] for name in known if name != "gate" or cls.split != "none"}

    def problems(self) -> list[Problem]:
        return [*super().problems(), *params.one_of("gate", self.gate, GATES)]

    def _fit(self, X: np.ndarray, y: np.ndarray, w: np.ndarray, regime: Regime) -> None:
        self.gates_: dict[str, Gate] = {}
        rows_of = _parts(self.split, regime, y)
        if self.split != "none" and regime.gated:
            self._fit_gate("zero", X, y == 0, w)
            if self.split == "sign":
                nonzero = y != 0
                self._fit_gate("negative", X[nonzero], y[nonzero] < 0, w[nonzero])
        self.amounts_ = {
            part: self._amount_model().fit(X[rows], y[rows], w[rows], self.seed, f"{self.stream_}/{part}")
            for part, rows in rows_of.items()
        }
        self.supports_ = {}
        if not self.capabilities.exact_donor_values:
            self.supports_ = {part: PartSupport.of(y[rows], regime) for part, rows in rows_of.items()}
        self.pooled_ = tuple(part for part, amounts in self.amounts_.items() if amounts.pooled_)
        masses = [(w[rows].sum(), self.amounts_[part].feature_importances_) for part, rows in rows_of.items()]
        total = sum(mass for mass, _ in masses) or 1.0
        self.feature_importances_ = sum((mass / total * gain for mass, gain in masses), np.zeros(X.shape[1]))

    def _fit_gate(self, event: str, X: np.ndarray, happens: np.ndarray, w: np.ndarray) -> None:
        """A gate where both outcomes are among the donors; one outcome alone needs none."""
        if happens.any() and not happens.all():
            seed = stream_key(self.seed, f"{self.stream_}/gate/{event}") % 2**31
            self.gates_[event] = GATES[self.gate]().fit(X, happens, w, seed)

    def _draw(self, X: np.ndarray, seed: int, ids: np.ndarray) -> np.ndarray:
        if not self.gates_ and len(self.amounts_) == 1:
            # One model draws for all: no rows are picked out, and none are copied.
            (part,) = self.amounts_
            return self._amounts(part, X, seed, ids)
        drawn = np.zeros(len(X))
        rows = np.arange(len(X)) if self.amounts_ else np.empty(0, np.int64)
        if "zero" in self.gates_:
            rows = rows[~self._happens("zero", X, seed, ids)]
        for part, own in self._told_apart(X, rows, seed, ids):
            drawn[own] = self._amounts(part, X[own], seed, ids[own])
        return drawn

    def _amounts(self, part: str, X: np.ndarray, seed: int, ids: np.ndarray) -> np.ndarray:
        """What the model of a part draws, within the values that its donors allow."""
        values = self.amounts_[part].draw(X, seed, f"{self.stream_}/{part}", ids)
        return self.supports_[part].nearest(values) if self.supports_ else values

    def _told_apart(self, X: np.ndarray, rows: np.ndarray, seed: int, ids: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """The rows that each amount model draws for."""
        if "negative" not in self.gates_:
            return [(part, rows) for part in self.amounts_]
        below = self._happens("negative", X[rows], seed, ids[rows])
        return [("negative", rows[below]), ("positive", rows[~below])]

    def _happens(self, event: str, X: np.ndarray, seed: int, ids: np.ndarray) -> np.ndarray:
        return uniforms(seed, f"{self.stream_}/gate/{event}", ids) < self.gates_[event].probability(X)

    @classmethod
    def predict_cost(cls, shape: ImputeShape, settings: Mapping[str, Any] | None = None) -> Cost:
        resolved = {**vars(cls()), **(settings or {})}
        amounts, asked = _shapes(cls.split, shape)
        gates = [GATES[resolved["gate"]].work(rows) for rows in asked]
        return shipped_costs().price(sum_work(*(cls.amount_work(rows, resolved) for rows in amounts), *gates))


def _parts(split: str, regime: Regime, y: np.ndarray) -> dict[str, np.ndarray]:
    """The donors (n,) bool that each amount model learns from, by part; none where zero is all there is."""
    if regime.signs == ("zero",):
        return {}
    if split == "none" or not regime.gated:
        return {"all": np.ones(len(y), bool)}
    masks = {"nonzero": y != 0} if split == "zero" else {"negative": y < 0, "positive": y > 0}
    return {part: rows for part, rows in masks.items() if rows.any()}


def _shapes(split: str, shape: ImputeShape) -> tuple[list[ImputeShape], list[ImputeShape]]:
    """The shapes of the amount models, and of the gates."""
    regime = REGIMES[shape.regime]
    if split == "none" or not regime.gated:
        return [shape], []
    moving = 1 - shape.share_zero
    asked = [shape] if "zero" in regime.signs else []
    if split == "zero":
        return [_part(shape, moving)], asked
    negative = min(shape.share_negative, moving) if "negative" in regime.signs else 0.0
    if {"negative", "positive"} <= set(regime.signs):
        asked.append(_part(shape, moving))
    return [_part(shape, share) for share in (negative, moving - negative) if share > 0], asked


def _part(shape: ImputeShape, share: float) -> ImputeShape:
    """The rows of a shape that one part is about."""
    return replace(shape, donors=int(shape.donors * share), recipients=int(shape.recipients * share))
