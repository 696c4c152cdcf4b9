"""Leaf size and features per split chosen by held-out score: what `leaf: auto` and `max_features: auto` stand for.

Not the default: on 20,000 donors of Tax-Calculator's CPS file (wages, dividends, business income) the choice moved the
CRPS of other rows by -0.3 to +1.9 % of that of the defaults, at half to one and a half times their time again; on the
Survey of Consumer Finances of 2019, by family, by -3.6 % (business income) to +3.2 % (capital gains: implicates).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from ..crps import fair_crps, signed_log
from ..spec.cost import ImputeShape, Work, sum_work
from ..spec.regimes import AUTO
from ..streams import stream_key, uniforms
from .forest import ForestParams, LeafForest, forest_work

# The cheapest first.
CANDIDATES: dict[str, Sequence[Any]] = {"leaf": (80, 40, 20, 10), "max_features": (1 / 3, 0.5, 0.75)}
TREES = 16
SETS = 4
MOST_TRAINED = 10_000
MOST_HELD = 2_000
FEWEST_DONORS = 500
"""Donors below which noise would choose: the defaults are taken."""


@dataclass(frozen=True)
class Opening:
    """Parameters of a forest, those that are open at their defaults, and the names of the open ones."""

    params: ForestParams
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """The forest's part of an imputer's parameters, of which some may be "auto"."""
        names = tuple(name for name in CANDIDATES if settings[name] == AUTO)
        defaults = {name: getattr(ForestParams, name) for name in names}
        return cls(ForestParams.of({**settings, **defaults}), names)

    def model(self) -> LeafForest | TunedForest:
        """An unfitted model of amounts."""
        return TunedForest(self) if self.names else LeafForest(self.params)

    def work(self, shape: ImputeShape) -> Work:
        """How much the forest does, and the small ones by which it is chosen."""
        forest = forest_work(shape, self.params)
        if shape.donors < FEWEST_DONORS:
            return forest
        held = min(MOST_HELD, shape.donors // 5) * TREES * SETS
        small = replace(shape, donors=min(MOST_TRAINED, shape.donors - shape.donors // 5), recipients=held)
        tried = [candidate for name in self.names for candidate in with_each(self.params, name)]
        return sum_work(forest, *(forest_work(small, replace(candidate, trees=TREES)) for candidate in tried))


@dataclass
class TunedForest:
    """A leaf-draw forest whose open parameters are chosen on donors held out, then fitted on all of them.

    After fit: `forest_`, with the chosen parameters in `forest_.params`.
    """

    opening: Opening

    def fit(self, X: np.ndarray, y: np.ndarray, w: np.ndarray, seed: int, stream: str) -> Self:
        self.forest_ = LeafForest(choose(self.opening, X, y, w, seed, stream)).fit(X, y, w, seed, stream)
        self.feature_importances_ = self.forest_.feature_importances_
        self.pooled_ = self.forest_.pooled_
        return self

    def draw(self, X: np.ndarray, seed: int, stream: str, ids: np.ndarray) -> np.ndarray:
        return self.forest_.draw(X, seed, stream, ids)


def choose(opening: Opening, X: np.ndarray, y: np.ndarray, w: np.ndarray, seed: int, stream: str) -> ForestParams:
    """The parameters with every open one set, one after the other, to a candidate of the least held-out CRPS.

    The cheapest that is as good as the best, within one standard error, is taken. A fifth of the donors is held out
    and scored under design weights, on signed logarithms. Donors count as independent of each other: copies on both
    sides (implicates of one family) favour small leaves. Small forests do, since draws of different trees are what
    draws of an endless forest are.
    """
    chosen = opening.params
    if len(y) < FEWEST_DONORS or y.min() == y.max():
        return chosen
    key = stream_key(seed, f"{stream}/tuning")
    order = np.random.default_rng(key).permutation(len(y))
    held, trained = order[: len(y) // 5][:MOST_HELD], order[len(y) // 5 :][:MOST_TRAINED]
    truth, share = signed_log(y[held]), w[held] / w[held].sum()

    def scores(candidate: ForestParams) -> np.ndarray:
        forest = LeafForest(replace(candidate, trees=TREES)).fit(X[trained], y[trained], w[trained], seed, stream)
        sets = signed_log(draws_by_tree(forest, X[held], key))
        return np.mean([fair_crps(truth, drawn) for drawn in sets], axis=0)

    for name in opening.names:
        candidates = list(with_each(chosen, name))
        chosen = candidates[first_as_good(np.array([scores(candidate) for candidate in candidates]), share)]
    return chosen


def first_as_good(scores: np.ndarray, share: np.ndarray) -> int:
    """The first candidate within one standard error of the best (Breiman et al. 1984): scores (k, n), low is good.

    The error is that of the difference, over rows that weigh share (n,), which sums to one.
    """
    means = scores @ share
    apart = scores - scores[means.argmin()]
    errors = np.sqrt((apart - (apart @ share)[:, None]) ** 2 @ share**2)
    return int(np.argmax(apart @ share <= errors))


def with_each(params: ForestParams, name: str) -> Iterator[ForestParams]:
    """The parameters with each candidate of one of them."""
    return (replace(params, **{name: value}) for value in CANDIDATES[name])


def draws_by_tree(forest: LeafForest, X: np.ndarray, key: int) -> np.ndarray:
    """Sets of draws (sets, n, trees) for the rows of X, each draw of a set from a tree of its own."""
    trees = len(forest.roots_)
    shape = (SETS, len(X), trees)
    within = uniforms(key, "draw", np.arange(np.prod(shape))).reshape(shape)
    rows = np.repeat(np.tile(X, (SETS, 1)), trees, axis=0)
    drawn = forest.draw_donors(rows, ((np.arange(trees) + within) / trees).ravel())
    return forest.values_[drawn].reshape(shape)
