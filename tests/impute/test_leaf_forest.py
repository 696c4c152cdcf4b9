"""The leaf-draw forest: its kernels against scikit-learn's trees, its draws against a quantile forest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quantile_forest import RandomForestQuantileRegressor
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.tree import DecisionTreeRegressor
from threadpoolctl import threadpool_limits

from microplex_spec.impute import forest as forest_module
from microplex_spec.impute._forest_kernel import fill_leaves, leaf_of
from microplex_spec.impute.forest import ForestParams, LeafForest, rank_scores
from microplex_spec.impute.gates.hist_gb import HistGbGate, bin_edges, binned


def problem(n, p=3, missing=0.0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)).astype(np.float32)
    X[:, -1] = rng.integers(0, 4, n)
    y = X[:, 0] * 2 + rng.normal(size=n) * (1 + (X[:, 1] > 0))
    X[rng.random((n, p)) < missing] = np.nan
    return X, y, np.exp(rng.normal(size=n))


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_a_walk_ends_in_the_leaf_of_scikit_learn_also_where_values_are_missing(missing, monkeypatch):
    X, y, w = problem(800, missing=missing)
    R = problem(500, missing=0.3, seed=1)[0]
    R[:400] = np.where(np.isnan(R[:400]), R[:400], np.resize(X, R[:400].shape))
    grown = []

    class Recorded(DecisionTreeRegressor):
        def fit(self, *args, **kwargs):
            grown.append(super().fit(*args, **kwargs))
            return self

    monkeypatch.setattr("sklearn.tree.DecisionTreeRegressor", Recorded)
    forest = LeafForest(ForestParams(trees=8, leaf=10)).fit(X, y, w, 0, "x")
    known = {tree.tree_.node_count: tree for tree in grown}
    sizes = np.diff([*forest.roots_, len(forest.nodes_)])
    compared = 0
    for root, size in zip(forest.roots_, sizes, strict=True):
        candidates = [tree for tree in grown if tree.tree_.node_count == size]
        if len(candidates) == 1:
            walked = [leaf_of(row, root, forest.nodes_) - root for row in R]
            np.testing.assert_array_equal(walked, known[size].tree_.apply(R))
            compared += 1
    assert compared >= 3


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(1, 200), st.integers(0, 10**6))
def test_leaves_hold_every_donor_once_with_its_share_of_the_leafs_weight(n_leaves, n, seed):
    rng = np.random.default_rng(seed)
    leaf, w = rng.integers(0, n_leaves, n), np.exp(rng.normal(0, 3, n))
    donor, share = np.empty(n, np.int32), np.empty(n, np.uint32)
    start = np.append(fill_leaves(leaf, w, n_leaves, donor, share), n)
    assert sorted(donor) == list(range(n))
    for k in range(n_leaves):
        inside = slice(start[k], start[k + 1])
        np.testing.assert_array_equal(donor[inside], np.flatnonzero(leaf == k))
        expected = np.cumsum(w[leaf == k]) / w[leaf == k].sum()
        np.testing.assert_allclose(share[inside] / 2.0**32, expected, atol=1e-9)


def exact_weights(forest, row):
    """The forest's conditional distribution over donors for one row, tree by tree (Meinshausen 2006)."""
    weights = np.zeros(len(forest.values_))
    for root in forest.roots_:
        k = leaf_of(row, root, forest.nodes_)
        inside = slice(forest.start_[k], forest.start_[k + 1])
        np.add.at(weights, forest.donor_[inside], np.diff(forest.share_[inside] / 2.0**32, prepend=0))
    return weights / weights.sum()


def test_draws_have_the_forests_exact_conditional_distribution():
    X, y, w = problem(400, missing=0.1)
    forest = LeafForest(ForestParams(trees=20, leaf=20)).fit(X, y, w, 0, "x")
    n = 200_000
    for row in X[:3]:
        expected = exact_weights(forest, row)
        u = (np.arange(n) + 0.5) / n
        counts = np.bincount(forest.draw_donors(np.tile(row, (n, 1)), u), minlength=len(y))
        np.testing.assert_allclose(counts / n, expected, atol=2e-4)


def test_draws_equal_a_quantile_forest_at_a_random_quantile():
    X, y, _ = problem(3000, seed=3)
    R, truth, _ = problem(3000, seed=4)
    forest = LeafForest(ForestParams(trees=60, leaf=20, transform="none", max_samples=0.632))
    drawn = forest.fit(X, y, np.ones(len(y)), 0, "x").draw(R, 0, "x", np.arange(len(R)))
    reference = RandomForestQuantileRegressor(
        60, min_samples_leaf=13, max_features=0.5, max_samples_leaf=None, random_state=0
    ).fit(X, y)
    levels = np.linspace(0.005, 0.995, 100)
    at = np.random.default_rng(1).integers(0, len(levels), len(R))
    sampled = reference.predict(R, quantiles=list(levels))[np.arange(len(R)), at]
    assert stats.ks_2samp(drawn, sampled).pvalue > 0.01
    ranks = reference.quantile_ranks(R, drawn)
    assert stats.kstest(ranks, "uniform").statistic < 0.04
    assert stats.ks_2samp(drawn, truth).pvalue > 0.01


def test_a_tree_is_grown_on_a_subsample_and_filled_with_all_donors():
    X, y, w = problem(1000)
    forest = LeafForest(ForestParams(trees=5, max_samples=100)).fit(X, y, w, 0, "x")
    for part in forest.donor_.reshape(5, 1000):
        assert sorted(part) == list(range(1000))
    assert ForestParams(max_samples=0.25).rows_per_tree(1000) == 250
    assert ForestParams(max_samples=5000).rows_per_tree(1000) == 1000


def test_too_few_donors_for_a_split_share_one_leaf():
    X, y, w = problem(59)
    forest = LeafForest(ForestParams(leaf=30)).fit(X, y, w, 0, "x")
    assert forest.pooled_ and len(forest.nodes_) == 1
    u = (np.arange(100_000) + 0.5) / 100_000
    counts = np.bincount(forest.draw_donors(np.zeros((len(u), 3), np.float32), u), minlength=59)
    np.testing.assert_allclose(counts / len(u), w / w.sum(), atol=1e-4)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=50))
def test_rank_scores_are_average_ranks(values):
    y = np.array(values, float)
    np.testing.assert_allclose(rank_scores(y), (stats.rankdata(y) - 0.5) / len(y))


@pytest.mark.parametrize("transform", forest_module.TRANSFORMS)
def test_every_transform_keeps_the_order_of_values(transform):
    y = np.array([-1e6, -3, 0, 0, 2, 5e7])
    assert (np.diff(forest_module.TRANSFORMS[transform](y)) >= 0).all()


def test_the_gates_kernel_gives_scikit_learns_probabilities_under_one_and_two_threads():
    X, y, w = problem(2000, missing=0.1)
    event = y > 1
    gate = HistGbGate().fit(X, event, w, 0)
    edges = [bin_edges(column) for column in X.T]
    with threadpool_limits(1):
        model = HistGradientBoostingClassifier(**HistGbGate.settings, random_state=0)
        model.fit(binned(X, edges), event, sample_weight=w / w.mean())
    R = problem(1000, missing=0.3, seed=2)[0]
    np.testing.assert_allclose(gate.probability(R), model.predict_proba(binned(R, edges))[:, 1], rtol=1e-12)


def test_bins_hold_equally_many_donors_and_distinct_values_where_these_are_few():
    g = np.random.default_rng(0)
    X = np.column_stack([g.normal(size=5000), g.integers(0, 4, 5000) * 7.0]).astype(np.float32)
    X[::10, 1] = np.nan
    edges = [bin_edges(column) for column in X.T]
    bins = binned(X, edges)
    counts = np.bincount(bins[:, 0].astype(int))
    assert len(counts) == 255 and counts.min() >= 15 and counts.max() <= 25
    np.testing.assert_array_equal(bins[:, 1], X[:, 1] / 7)


@pytest.mark.parametrize("n", [1000, 6000])
def test_a_gate_is_calibrated_to_the_weighted_share(n):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(n, 2)).astype(np.float32)
    event = rng.random(n) < 1 / (1 + np.exp(-2 * X[:, 0]))
    gate = HistGbGate().fit(X, event, np.where(event, 3.0, 1.0), 0)
    R = rng.normal(size=(6000, 2)).astype(np.float32)
    truth, probability = 1 / (1 + np.exp(-2 * R[:, 0]) / 3), gate.probability(R)
    assert probability.mean() == pytest.approx(truth.mean(), abs=0.02)
    for low, high in ((0, 0.3), (0.3, 0.7), (0.7, 1)):
        inside = (probability >= low) & (probability < high)
        assert probability[inside].mean() == pytest.approx(truth[inside].mean(), abs=0.05)
