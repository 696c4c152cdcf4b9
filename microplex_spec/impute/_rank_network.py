"""Networks that give the conditional distribution of donors' ranks: trained by torch, drawn from by a kernel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from ..spec.cost import Work
from ..streams import stream_key, uniforms
from ._donor_ranks import DonorRanks
from ._encoding import Encoding
from ._training import Layers, Loss, NetworkParams, train
from .base import ImputeShape

LEAST_DONORS = 100
# Rows whose outputs are held at a time, and donors among which predictors are exchanged.
ROWS, EXCHANGED = 65_536, 2_000
# Ranks drawn at least, and levels noted, to see how those of all donors are distributed.
SETTLED, NOTED = 20_000, 512


@dataclass
class RankNetwork(ABC):
    """Amounts drawn by a network that learns, for each row, how the donors' weighted ranks are distributed.

    Subclasses say what its outputs mean: the loss that trains them, and the rank that they give at a level between 0
    and 1. With `networks` of them each holds out donors of its own, and a record is drawn by one of them at random.

    After fit: `ranks_` (DonorRanks), `encoding_`, `networks_` (each as the kernel takes it), `held_out_` (the held-out
    loss of each at the start and after every epoch), `drawn_` (see `_distribution`), `feature_importances_` (p,),
    `pooled_` (all donors are drawn from by weight: too few to train on, or all of one value).
    """

    params: NetworkParams = field(default_factory=NetworkParams)

    @abstractmethod
    def start(self) -> np.ndarray:
        """The outputs (m,) that stand for the donors' weighted distribution as it is."""

    @abstractmethod
    def loss(self) -> Loss:
        """The loss of outputs for ranks, in torch."""

    @abstractmethod
    def ranks_at(self, scores: np.ndarray, u: np.ndarray) -> np.ndarray:
        """The rank (n,) at level u (n,) of the distributions with outputs scores float32 (n, m)."""

    def fit(self, X: np.ndarray, y: np.ndarray, w: np.ndarray, seed: int, stream: str) -> Self:
        """Learn from X float32 (n, p), y (n,), w (n,) positive; network k is keyed by (seed, stream, k)."""
        self.ranks_ = DonorRanks(y, w)
        self.pooled_ = bool(len(y) < LEAST_DONORS or len(self.ranks_.values_) == 1)
        self.feature_importances_ = np.zeros(X.shape[1])
        if self.pooled_:
            return self
        self.encoding_ = Encoding().fit(X, w, self.params.knots)
        rows, interval, weights = self.encoding_.encode(X), self.ranks_.interval_of(y), w / w.mean()
        trained = [
            train(rows, interval, weights, self.loss(), self.start(), self.params, stream_key(seed, f"{stream}/{k}"))
            for k in range(self.params.networks)
        ]
        self.networks_ = [self._arrays(layers) for layers, _ in trained]
        self.held_out_ = [history for _, history in trained]
        self.drawn_ = np.linspace(0.0, 1.0, NOTED + 1)
        self.drawn_ = self._distribution(X, w, stream_key(seed, f"{stream}/settle"))
        self.feature_importances_ = self._importances(X, w, stream_key(seed, f"{stream}/exchange"))
        return self

    def _distribution(self, X: np.ndarray, w: np.ndarray, key: int) -> np.ndarray:
        """The weighted quantiles of the ranks that donors draw, at levels evenly spaced from 0 to 1.

        Over all donors ranks should be uniform. `rank` undoes what is left between (after Kuleshov, Fenner and Ermon
        2018), so that draws have the donors' weighted distribution as a whole.
        """
        times = -(-SETTLED // len(X))
        u = np.random.default_rng(key).permutation(np.arange(times * len(X)) + 0.5) / (times * len(X))
        ranks = np.concatenate([self.rank(X, part) for part in np.split(u, times)])
        order = np.argsort(ranks)
        mass = np.cumsum(np.tile(w, times)[order])
        levels = np.linspace(0.0, 1.0, NOTED + 1)[1:-1]
        inner = np.interp(levels, mass / mass[-1], ranks[order])
        return np.concatenate([[0.0], inner, [1.0]])

    def _arrays(self, layers: Layers) -> tuple[np.ndarray, ...]:
        """A trained network as the kernel takes it: input before output, the first layer as tables."""
        (first, first_bias), *inner, (head, head_bias) = layers
        units = len(first_bias)
        between = np.array([weight.T for weight, _ in inner], np.float32).reshape(-1, units, units)
        biases = np.array([bias for _, bias in inner], np.float32).reshape(-1, units)
        return *self.encoding_.tables(first, first_bias), between, biases, np.ascontiguousarray(head.T), head_bias

    def _importances(self, X: np.ndarray, w: np.ndarray, key: int) -> np.ndarray:
        """How far ranks move when donors exchange one predictor (after Breiman 2001), as shares: (p,)."""
        rng = np.random.default_rng(key)
        some = rng.permutation(len(X))[:EXCHANGED]
        X, w, u = X[some], w[some], rng.random(len(some))
        before, moved = self.rank(X, u), np.zeros(X.shape[1])
        for j in range(X.shape[1]):
            exchanged = X.copy()
            exchanged[:, j] = np.roll(X[:, j], 1)
            moved[j] = np.average(np.abs(self.rank(exchanged, u) - before), weights=w)
        return moved / (moved.sum() or 1.0)

    def rank(self, X: np.ndarray, u: np.ndarray) -> np.ndarray:
        """The rank (n,) drawn for each row of X float32 (n, p) by uniforms u (n,).

        The whole part of u * networks picks the network, the fraction the level.
        """
        from ._network_kernel import outputs

        scaled = u * len(self.networks_)
        picked = np.minimum(scaled.astype(np.int64), len(self.networks_) - 1)
        ranks = np.empty(len(X))
        for k, arrays in enumerate(self.networks_):
            rows = np.flatnonzero(picked == k)
            for part in np.split(rows, range(ROWS, len(rows), ROWS)):
                scores = outputs(X[part], self.encoding_.knots_, self.encoding_.sizes_, *arrays)
                ranks[part] = self.ranks_at(scores, scaled[part] - k)
        return np.interp(ranks, self.drawn_, np.linspace(0.0, 1.0, NOTED + 1))

    def draw(self, X: np.ndarray, seed: int, stream: str, ids: np.ndarray) -> np.ndarray:
        """The donor value (n,) drawn for each row."""
        u = uniforms(seed, stream, ids)
        return self.ranks_.value_at(u if self.pooled_ else self.rank(X, u))


def network_work(shape: ImputeShape, params: NetworkParams, outputs: int) -> Work:
    """How much networks of so many outputs on all of the shape's donors do, drawn from once per recipient.

    Training is told as if no network stopped early.
    """
    donors, p = shape.donors, shape.predictors
    above = (params.layers - 1) * params.hidden**2 + params.hidden * outputs
    networks = params.networks if donors >= LEAST_DONORS else 0
    rounds = networks * params.epochs
    return {
        "import.network": 1,
        "network.steps": rounds * -(-donors // params.batch_of(donors)),
        "network.products": rounds * donors * (p * params.knots * params.hidden + above),
        "network.cells": donors * p * params.knots,
        "network.draws": shape.recipients * (p * params.hidden + above),
    }
