"""The leaf-draw forest: exact conditional draws from a random forest under design weights.

For each recipient one tree is picked at random and walked, and one donor of its leaf is drawn with
probability proportional to weight. That is a draw from the quantile regression forest's conditional
distribution (Meinshausen 2006) at the price of one walk: no quantile is computed, and every draw is a
donor's value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np

from ..crps import signed_log
from ..spec.cost import ImputeShape, Work
from ..spec.errors import Problem
from ..streams import stream_key, uniforms
from . import params


def rank_scores(y: np.ndarray) -> np.ndarray:
    """Ranks of y (n,) scaled to 0..1, ties at their average: splits follow the order, not the tail."""
    _, inverse, counts = np.unique(y, return_inverse=True, return_counts=True)
    return ((np.cumsum(counts) - counts / 2) / len(y))[inverse]


TRANSFORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "rank": rank_scores,
    "log1p": signed_log,
    "none": np.asarray,
}


@dataclass(frozen=True)
class ForestParams:
    """How a forest is grown.

    trees: how many. leaf: about the fewest donors in a leaf. max_features: share or number of the predictors tried at a
    split. max_samples: share or number of the donors, drawn without replacement, on which a tree's splits are grown;
    its leaves hold all donors. transform: scale of the target on which splits are judged (rank, log1p or none).
    """

    trees: int = 100
    leaf: int = 30
    max_features: float = 0.5
    max_samples: float = 0.5
    transform: str = "rank"

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """The forest's part of an imputer's parameters."""
        return cls(**{item.name: settings[item.name] for item in fields(cls)})

    def problems(self) -> list[Problem]:
        return [
            *params.whole_number("trees", self.trees, 1),
            *params.whole_number("leaf", self.leaf, 1),
            *params.share_or_count("max_features", self.max_features),
            *params.share_or_count("max_samples", self.max_samples),
            *self._too_few_to_split(),
            *params.one_of("transform", self.transform, TRANSFORMS),
        ]

    def _too_few_to_split(self) -> list[Problem]:
        """A number of donors a tree that leaves it nothing to split: its draws would not follow the predictors."""
        if isinstance(self.max_samples, float) or params.whole_number("max_samples", self.max_samples, 1):
            return []
        if params.whole_number("leaf", self.leaf, 1) or self.max_samples >= 2 * self.leaf:
            return []
        told = f"max_samples of {self.max_samples} donors a tree leaves nothing to split with {self.leaf} in a leaf"
        return [Problem(told, hint=f"give at least {2 * self.leaf}, or a share such as 0.5")]

    def rows_per_tree(self, donors: int) -> int:
        """How many of the donors a tree is grown on."""
        shared = isinstance(self.max_samples, float)
        rows = round(self.max_samples * donors) if shared else self.max_samples
        return int(min(max(rows, 1), donors))


# Node table, first position of each node's donors, importance of each predictor.
Tree = tuple[np.ndarray, np.ndarray, np.ndarray]


def join_trees(tables: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The roots (trees,) and the one node table of trees that came as tables of their own."""
    roots = np.cumsum([0, *(len(nodes) for nodes in tables[:-1])])
    joined = np.concatenate(tables)
    shift = np.repeat(roots, [len(nodes) for nodes in tables])
    joined["left"] += shift
    joined["right"] += shift
    return roots, joined


@dataclass
class LeafForest:
    """A forest whose leaves hold all donors; learned arrays are flat over all trees.

    After fit: `values_` (n,) donor values, `nodes_` (node table), `roots_` (trees,), `start_` (nodes + 1,),
    `donor_` and `share_` (trees x n: donors by leaf and cumulative shares of the leaf's weight),
    `feature_importances_` (p,), `pooled_` (one leaf holds all donors: too few to split, or all of one value).
    """

    params: ForestParams = field(default_factory=ForestParams)

    def fit(self, X: np.ndarray, y: np.ndarray, w: np.ndarray, seed: int, stream: str) -> Self:
        """Grow on X float32 (n, p), y (n,), w (n,) positive; tree t is keyed by (seed, stream, t).

        Weights enter the split criterion and the leaves, each once. Subsamples are drawn without them:
        scikit-learn 1.9 would turn them into bootstrap probabilities and count them twice.
        """
        n, p = X.shape
        self.values_ = np.array(y, dtype=np.float64)
        self.pooled_ = bool(n < 2 * self.params.leaf or y.min() == y.max())
        trees = 1 if self.pooled_ else self.params.trees
        self.donor_ = np.empty(trees * n, np.int32)
        self.share_ = np.empty(trees * n, np.uint32)
        grown = [self._one_leaf(p, w)] if self.pooled_ else self._grow(X, w, seed, stream)
        tables, starts, gains = zip(*grown, strict=True)
        self.roots_, self.nodes_ = join_trees(tables)
        self.start_ = np.concatenate([*(start + t * n for t, start in enumerate(starts)), [trees * n]])
        self.feature_importances_ = np.mean(gains, axis=0)
        return self

    def _one_leaf(self, p: int, w: np.ndarray) -> Tree:
        from ._forest_kernel import NODE, fill_leaves

        root = np.zeros(1, NODE)
        root["feature"] = -1
        start = fill_leaves(np.zeros(len(w), np.int64), w, 1, self.donor_, self.share_)
        return root, start, np.zeros(p)

    def _grow(self, X: np.ndarray, w: np.ndarray, seed: int, stream: str) -> list[Tree]:
        """Grow the trees on all cores; each fills its part of `donor_` and `share_`."""
        from joblib import Parallel, delayed
        from sklearn.tree import DecisionTreeRegressor

        from ._forest_kernel import NODE, fill_leaves

        n = len(X)
        target = TRANSFORMS[self.params.transform](self.values_)
        rows = self.params.rows_per_tree(n)
        # A leaf of the subsample stands for more donors, since it is filled with all of them afterwards.
        leaf = max(1, round(self.params.leaf * rows / n))

        def one_tree(t: int) -> Tree:
            key = stream_key(seed, f"{stream}/tree/{t}")
            sample = np.sort(np.random.default_rng(key).permutation(n)[:rows])
            model = DecisionTreeRegressor(
                min_samples_leaf=leaf, max_features=self.params.max_features, random_state=key % 2**31
            )
            tree = model.fit(X[sample], target[sample], sample_weight=w[sample]).tree_
            nodes = np.empty(tree.node_count, NODE)
            nodes["threshold"], nodes["missing_left"] = tree.threshold, tree.missing_go_to_left
            leaf_here, own = tree.children_left < 0, np.arange(tree.node_count)
            nodes["left"] = np.where(leaf_here, own, tree.children_left)
            nodes["right"] = np.where(leaf_here, own, tree.children_right)
            nodes["feature"] = np.where(leaf_here, -1, tree.feature)
            part = slice(t * n, (t + 1) * n)
            start = fill_leaves(tree.apply(X), w, tree.node_count, self.donor_[part], self.share_[part])
            return nodes, start, tree.compute_feature_importances()

        jobs = (delayed(one_tree)(t) for t in range(self.params.trees))
        return list(Parallel(n_jobs=-1, require="sharedmem")(jobs))

    def draw_donors(self, X: np.ndarray, u: np.ndarray) -> np.ndarray:
        """The position (n,) int32 of the donor drawn for each row of X float32 (n, p) by uniforms u (n,)."""
        from ._forest_kernel import draw_donors

        return draw_donors(X, u, self.roots_, self.nodes_, self.start_, self.donor_, self.share_)

    def draw(self, X: np.ndarray, seed: int, stream: str, ids: np.ndarray) -> np.ndarray:
        """The donor value (n,) drawn for each row, keyed by (seed, stream, id)."""
        return self.values_[self.draw_donors(X, uniforms(seed, stream, ids))]


def forest_work(shape: ImputeShape, settings: ForestParams) -> Work:
    """How much one forest on all of the shape's donors does, drawn from once per recipient.

    Splitting sorts rows x tried predictors at each level of a tree; leaves are filled with all donors.
    """
    donors, p, trees = shape.donors, shape.predictors, settings.trees
    shared = isinstance(settings.max_features, float)
    tried = settings.max_features * p if shared else settings.max_features
    depth = math.log2(max(2.0, donors / settings.leaf))
    if donors < 2 * settings.leaf:
        trees = 1
    return {
        "import.forest": 1,
        "forest.trees": trees,
        "forest.splits": trees * settings.rows_per_tree(donors) * tried * depth,
        "forest.leaves": trees * donors,
        "forest.draws": shape.recipients * (p + 2 * depth),
    }
