"""What is special about cart, hotdeck and quantile_grid; all else stands in the contract."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest
from sklearn.tree import DecisionTreeRegressor

from microplex_spec.impute import make_imputer
from microplex_spec.impute.forest import rank_scores
from microplex_spec.impute.matching import NearestDonors
from microplex_spec.impute.part_support import PartSupport
from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.regimes import REGIMES, stray_mask


def donors(n=800, seed=0):
    g = np.random.default_rng(seed)
    X = g.normal(size=(n, 4)).astype(np.float32)
    y = np.exp(X[:, 0] + g.normal(0, 0.3, n)) + 1
    return X, y, np.exp(g.normal(size=n))


def test_cart_draws_donors_of_the_leaf_that_scikit_learns_tree_puts_a_recipient_in():
    X, y, w = donors()
    imputer = make_imputer("cart", "positive", leaf=15).fit(X, y, w)
    tree = DecisionTreeRegressor(min_samples_leaf=15).fit(X, rank_scores(y), sample_weight=w / w.mean())
    R = donors(seed=1)[0]
    leaf_of_donor, leaf = tree.apply(X), tree.apply(R)
    for seed in range(3):
        drawn = imputer.draw(R, seed)
        assert all(drawn[i] in y[leaf_of_donor == leaf[i]] for i in range(len(R)))


def test_hotdeck_draws_one_of_the_nearest_donors():
    X, y, w = donors()
    R = donors(seed=1)[0]
    model = NearestDonors(neighbours=5, matching=4).fit(X, y, w, 0, "x")
    at, among = (model.inputs_.transform(rows)[:, model.chosen_] for rows in (R, X))
    drawn = model.draw(R, 0, "x", np.arange(len(R)))
    for i in range(0, len(R), 40):
        nearest = np.argsort(((among - at[i]) ** 2).sum(axis=1))[:5]
        assert drawn[i] in y[nearest]


def test_hotdeck_draws_among_its_neighbours_by_design_weight():
    X, y, w = np.zeros((4, 1), np.float32), np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 3, 4])
    drawn = make_imputer("hotdeck", "positive").fit(X, y, w).draw(np.zeros((40_000, 1)), 0)
    assert [np.mean(drawn == value) for value in y] == pytest.approx(list(w / w.sum()), abs=0.01)


def test_hotdeck_matches_on_the_predictors_that_go_best_with_the_value():
    X, y, w = donors()
    imputer = make_imputer("hotdeck", "positive", matching=1).fit(X, y, w)
    assert imputer.feature_importances_.tolist() == [1, 0, 0, 0]


def test_pit_of_new_records_is_uniform_and_quantiles_ascend():
    X, y, _ = donors(4000)
    imputer = make_imputer("quantile_grid", "positive", trees=50, leaf=10).fit(X, y)
    R, truth, _ = donors(2000, seed=1)
    assert kstest(imputer.pit(R, truth), "uniform").statistic < 0.08
    quantiles = imputer.quantiles(R, [0.1, 0.5, 0.9])
    assert quantiles.shape == (2000, 3) and (np.diff(quantiles, axis=1) >= 0).all()
    assert np.mean(truth < quantiles[:, 1]) == pytest.approx(0.5, abs=0.04)


@pytest.mark.parametrize("levels", [[0.5, 1.5], [-0.1], 0.5, [float("nan")], ["half"], [[0.5]]])
def test_levels_that_are_none_are_told(levels):
    X, y, _ = donors(100)
    imputer = make_imputer("quantile_grid", "positive", trees=2).fit(X, y)
    with pytest.raises(SpecError, match=r"levels must be a list of numbers within 0\.\.1"):
        imputer.quantiles(X, levels)
    assert imputer.quantiles(X, [0, 1]).shape == (100, 2)


def test_values_that_cannot_be_ranked_are_told():
    X, y, _ = donors(100)
    imputer = make_imputer("quantile_grid", "positive", trees=2).fit(X, y)
    with pytest.raises(SpecError, match="1 of 100 values to be ranked are missing or infinite"):
        imputer.pit(X, np.where(np.arange(100) == 3, np.nan, y))
    with pytest.raises(SpecError, match=r"values to be ranked have shape \(99,\)"):
        imputer.pit(X, y[1:])


def test_nothing_is_told_before_a_fit():
    X, y, _ = donors(100)
    for ask in (lambda made: made.pit(X, y), lambda made: made.quantiles(X, [0.5]), lambda made: made.draw(X, 1)):
        with pytest.raises(ValueError, match="not fitted yet"):
            ask(make_imputer("quantile_grid"))


@settings(deadline=None)
@given(
    st.sampled_from(sorted(set(REGIMES) - {"constant_zero"})),
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30),
    st.integers(0, 10**6),
)
def test_any_number_is_brought_to_the_nearest_value_of_the_support(regime, drawn, seed):
    g = np.random.default_rng(seed)
    y = np.round(g.normal(0, 100, 50)) * (g.random(50) < 0.6)
    y = y[~stray_mask(REGIMES[regime], y)]
    if not len(y):
        y = np.array([1.0])
    support = PartSupport.of(y, REGIMES[regime])
    values = support.nearest(np.array(drawn))
    assert ((values >= y.min()) & (values <= y.max())).all()
    np.testing.assert_array_equal(support.nearest(values), values)
    np.testing.assert_array_equal(support.nearest(y), y)
    if REGIMES[regime].gated:
        for edge, inside in ((y[y > 0], values[values > 0]), (-y[y < 0], -values[values < 0])):
            assert not len(inside) or inside.min() >= edge.min()
        assert (y == 0).any() or not (values == 0).any()
    if regime in ("binary", "categorical"):
        assert np.isin(values, y).all()
