"""Every gate: its probabilities follow predictors and weights, and depend on a row alone."""

import numba
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from microplex_spec.impute import make_imputer
from microplex_spec.impute.gates import GATES
from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.registry import IMPUTERS

EACH = pytest.mark.parametrize("name", GATES)
LEARNING = pytest.mark.parametrize("name", [name for name in GATES if name != "none"])


def donors(n=3000, seed=0):
    """Predictors of unlike scale, some missing, an event whose odds follow two of them, skewed design weights."""
    g = np.random.default_rng(seed)
    X = np.column_stack([g.normal(size=n), np.exp(g.normal(10, 2, n)), g.integers(0, 5, n)]).astype(np.float32)
    odds = np.exp(1.5 * X[:, 0] + 0.8 * (np.log(X[:, 1]) - 10) - 1)
    event = g.random(n) < odds / (1 + odds)
    X[g.random(n) < 0.1, 2] = np.nan
    return X, event, np.exp(g.normal(0, 0.7, n))


@EACH
def test_the_mean_probability_is_the_weighted_share_of_the_event(name):
    X, event, w = donors(6000)
    seen, new = slice(0, 3000), slice(3000, None)
    for weight in (w, np.where(event, 5 * w, w)):
        p = GATES[name]().fit(X[seen], event[seen], weight[seen], 0).probability(X[new])
        assert p.shape == (3000,) and p.dtype == np.float64 and (p >= 0).all() and (p <= 1).all()
        share = np.average(event[new], weights=weight[new])
        assert np.average(p, weights=weight[new]) == pytest.approx(share, abs=0.03)


@EACH
def test_a_rare_event_that_hardly_follows_its_predictors_is_drawn_as_often_as_donors_have_it(name):
    g = np.random.default_rng(4)
    X = g.normal(size=(8000, 6)).astype(np.float32)
    event, w = g.random(8000) < 0.02 * np.exp(0.5 * X[:, 0]), np.exp(g.normal(0, 0.7, 8000))
    p = GATES[name]().fit(X, event, w, 0).probability(X)
    assert np.average(p, weights=w) == pytest.approx(np.average(event, weights=w), rel=0.25)


@pytest.mark.parametrize("rows", ["all", "event"])
@EACH
def test_a_predictor_that_all_donors_miss_or_all_with_the_event_is_taken(name, rows):
    X, event, w = donors(600)
    X[:, 2] = np.nan
    if rows == "event":
        X[:, 2] = np.where(event, np.nan, 1.0)
    assert np.isfinite(GATES[name]().fit(X, event, w, 0).probability(X)).all()


@EACH
def test_every_gate_draws_losses_as_rare_as_the_donors_have_them(name):
    X, event, w = donors(4000)
    g = np.random.default_rng(5)
    y = np.where(event, np.where(g.random(4000) < 0.05, -1.0, 1.0) * np.exp(g.normal(8, 1, 4000)), 0.0)
    drawn = make_imputer("regime_aware", regime="three_sign", gate=name, trees=20).fit(X, y, w).draw(X, seed=1)
    for wanted, found in ((y < 0, drawn < 0), (y == 0, drawn == 0)):
        wanted, found = np.average(wanted, weights=w), np.average(found, weights=w)
        # Five standard errors of a draw, whose effective sample is about 0.6 of the donors.
        assert found == pytest.approx(wanted, abs=5 * np.sqrt(wanted * (1 - wanted) / 2400))


@LEARNING
def test_probabilities_tell_events_apart_better_than_chance_on_rows_never_seen(name):
    gate = GATES[name]().fit(*donors(), 0)
    X, event, w = donors(seed=1)
    p = gate.probability(X)
    loss = -np.average(np.log(np.where(event, p, 1 - p).clip(1e-9)), weights=w)
    share = np.average(event, weights=w)
    assert loss < 0.85 * -(share * np.log(share) + (1 - share) * np.log(1 - share))


@EACH
def test_a_row_has_the_same_probability_alone_and_among_others_under_any_threads(name):
    X, event, w = donors(600)
    gate = GATES[name]().fit(X, event, w, 3)
    whole = gate.probability(X)
    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        with threadpool_limits(limits=1):
            again = GATES[name]().fit(X, event, w, 3).probability(X)
    finally:
        numba.set_num_threads(threads)
    assert again.tobytes() == whole.tobytes()
    parts = [gate.probability(X[a:b]) for a, b in ((0, 1), (1, 7), (7, 400), (400, 600), (600, 600))]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


@EACH
def test_missing_predictors_are_taken_also_where_the_donors_miss_none(name):
    X, event, w = donors(600)
    gate = GATES[name]().fit(np.nan_to_num(X), event, w, 0)
    holes = X.copy()
    holes[::2, 0] = np.nan
    assert np.isfinite(gate.probability(holes)).all()


@EACH
def test_few_donors_of_one_outcome_are_enough(name):
    X, event, w = donors(40)
    event[:] = False
    event[3] = True
    assert np.isfinite(GATES[name]().fit(X, event, w, 0).probability(X)).all()


@EACH
def test_no_global_random_state_is_touched(name):
    X, event, w = donors(300)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    GATES[name]().fit(X, event, w, 0).probability(X)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@EACH
def test_an_imputer_draws_zeros_at_the_donors_share_through_any_gate(name):
    X, event, w = donors(2000)
    y = np.where(event, 0.0, np.round(np.exp(X[:, 0] + 5)) + 1)
    drawn = make_imputer("zi_qrf", "zero_inflated", gate=name, trees=20).fit(X, y, w).draw(X, 0)
    assert np.average(drawn == 0, weights=w) == pytest.approx(np.average(event, weights=w), abs=0.04)


def test_an_unknown_gate_is_told_with_the_nearest_name():
    with pytest.raises(SpecError, match="hist_gb"):
        make_imputer("regime_aware", gate="hist_bg")


@pytest.mark.parametrize("name", ["regime_aware", "zi_qrf", "zi_qdnn", "zi_maf"])
def test_what_gates_are_fitted_by_counts_among_what_decides_an_imputers_draws(name):
    assert {"numba", "numpy", "scikit-learn", "scipy"} <= IMPUTERS.load(name).libraries().keys()
