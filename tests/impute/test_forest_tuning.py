"""Forests whose leaf size and features per split are chosen on donors held out."""

import numba
import numpy as np
import pytest

from microplex_spec.crps import fair_crps
from microplex_spec.impute import ImputeShape, make_imputer
from microplex_spec.impute._forest_kernel import leaf_of
from microplex_spec.impute.forest import ForestParams, LeafForest
from microplex_spec.impute.forest_tuning import CANDIDATES, FEWEST_DONORS, Opening, choose, draws_by_tree, first_as_good
from microplex_spec.spec.errors import SpecError

BOTH = Opening(ForestParams(), ("leaf", "max_features"))


def donors(noise, n=3000, p=8):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p)).astype(np.float32)
    return X, np.exp(X[:, 0] * 3 * (1 - noise) + rng.normal(size=n) * (0.02 + noise)), np.exp(rng.normal(0, 0.5, n))


def test_a_tight_relation_gets_small_leaves_and_noise_larger_ones():
    tight, loose = (choose(BOTH, *donors(noise), 0, "x") for noise in (0.0, 1.0))
    assert tight.leaf == min(CANDIDATES["leaf"]) and tight.max_features == max(CANDIDATES["max_features"])
    assert loose.leaf >= 4 * tight.leaf


def test_the_score_is_of_the_donors_that_weigh():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(3000, 2)).astype(np.float32)
    tight = X[:, 1] > 0
    y = np.where(tight, np.exp(3 * X[:, 0]), np.exp(rng.normal(size=3000)))
    heavy, light = (
        choose(Opening(ForestParams(), ("leaf",)), X, y, np.where(tight, w, 1.0), 0, "x") for w in (50, 0.02)
    )
    assert heavy.leaf < light.leaf


def test_the_first_candidate_within_one_standard_error_of_the_best_is_taken():
    share = np.full(100, 0.01)
    best, wobble = np.ones(100), np.tile([0.5, -0.5], 50)
    rows = np.array([best + 0.2, best + 0.04 + wobble, best, best + 0.001])
    assert first_as_good(rows, share) == 1
    assert first_as_good(rows[[0, 2, 3]], share) == 1
    heavy = np.where(np.arange(100) < 50, 0.02, 0.0)
    assert first_as_good(np.array([np.where(heavy > 0, 1.0, 9.0), best]), heavy) == 0


def test_the_choice_is_the_same_under_one_and_two_threads():
    one = choose(BOTH, *donors(0.5), 3, "x")
    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        assert choose(BOTH, *donors(0.5), 3, "x") == one
    finally:
        numba.set_num_threads(threads)


def test_only_what_is_open_is_chosen_and_few_donors_take_the_defaults():
    X, y, w = donors(0.0)
    assert choose(Opening(ForestParams(max_features=0.9), ("leaf",)), X, y, w, 0, "x").max_features == 0.9
    few = FEWEST_DONORS - 1
    assert choose(BOTH, X[:few], y[:few], w[:few], 0, "x") == ForestParams()
    assert choose(BOTH, X, np.ones(len(X)), w, 0, "x") == ForestParams()


def test_each_draw_of_a_set_is_a_donor_of_its_own_trees_leaf():
    X, y, w = donors(0.5, n=600)
    forest = LeafForest(ForestParams(trees=5, leaf=20)).fit(X, y, w, 0, "x")
    drawn = draws_by_tree(forest, X[:40], 7)
    for row, tree in np.ndindex(40, 5):
        leaf = leaf_of(X[row], forest.roots_[tree], forest.nodes_)
        inside = forest.donor_[forest.start_[leaf] : forest.start_[leaf + 1]]
        assert np.isin(drawn[:, row, tree], y[inside]).all()
    assert len(np.unique(drawn)) > 300


def test_draws_of_different_trees_score_a_larger_forest_without_bias():
    X, y, w = donors(0.5, n=1500)
    truth, R = y[1000:], X[1000:]
    scores = []
    for trees in (4, 64):
        forests = [
            LeafForest(ForestParams(trees=trees, leaf=10)).fit(X[:1000], y[:1000], w[:1000], s, "x") for s in range(4)
        ]
        scores.append(np.mean([fair_crps(truth, set_) for f in forests for set_ in draws_by_tree(f, R, 1)]))
    assert scores[0] == pytest.approx(scores[1], rel=0.03)


def test_auto_is_a_value_of_an_imputers_parameters_and_costs_more():
    X, y, w = donors(0.0, n=1000)
    imputer = make_imputer("qrf", regime="positive", leaf="auto", trees=10).fit(X, y, w)
    assert imputer.amounts_["all"].forest_.params.leaf in CANDIDATES["leaf"]
    assert np.isin(imputer.draw(X, 0), y).all()
    shape = ImputeShape(20_000, 0, 10)
    assert imputer.predict_cost(shape, {"leaf": "auto"}).seconds > imputer.predict_cost(shape, {}).seconds
    with pytest.raises(SpecError, match="leaf must be a whole number of at least 1, got 'best'"):
        make_imputer("qrf", leaf="best")
