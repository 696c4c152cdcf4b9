"""Zero rates, standardisation, rank correlations and the band around zero: by hand, by scipy, by copies of rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from microplex_spec.crps import signed_log
from microplex_spec.evaluate.relations import (
    interior_band,
    interior_band_violations,
    spearman_distance,
    spearman_matrix,
)
from microplex_spec.evaluate.scaling import fit_scaling
from microplex_spec.evaluate.zeros import zero_rate_error, zero_rates
from microplex_spec.spec.errors import SpecError


def test_a_zero_is_zero_and_never_the_smallest_value():
    rows = np.array([[0.0, 1_000.0, -5.0], [0.0, 1_000.0, 0.0], [3.0, 2_000.0, 7.0], [-0.0, 1_000.0, 1e-300]])
    assert zero_rates(rows).tolist() == [0.75, 0.0, 0.25]
    assert zero_rates(rows, [1, 1, 6, 0]).tolist() == pytest.approx([0.25, 0.0, 0.125])


def test_the_error_of_zero_rates_is_the_mean_over_columns_of_weighted_differences():
    real, synthetic = np.array([[0.0, 1.0], [1.0, 1.0]]), np.array([[0.0, 0.0], [0.0, 1.0], [2.0, 1.0]])
    assert zero_rate_error(real, synthetic, [1, 3], [1, 1, 2]) == pytest.approx((0.25 + 0.25) / 2)
    assert zero_rate_error(real, np.repeat(real, 7, axis=0)) == 0.0


def test_standardised_training_rows_have_mean_zero_and_spread_one_and_constants_keep_their_unit():
    rng = np.random.default_rng(0)
    train = np.column_stack([rng.lognormal(10, 2, 500), rng.normal(size=500), np.full(500, 0.1)])
    for log in (False, True):
        scaling = fit_scaling(train, log=log)
        scaled = scaling(train)
        np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-9)
        np.testing.assert_allclose(scaled.std(axis=0), [1, 1, 0], atol=1e-9)
    assert fit_scaling(train)(train[:1] + np.array([0, 0, 2]))[0, 2] == pytest.approx(2.0)
    weights = rng.integers(1, 4, 500)
    copies = fit_scaling(np.repeat(train, weights, axis=0), log=True)
    weighted = fit_scaling(train, weights, log=True)
    np.testing.assert_allclose(weighted.spread, copies.spread)
    np.testing.assert_allclose(weighted.centre, copies.centre)


def test_the_signed_log_keeps_sign_zero_and_order():
    values = np.array([-1e12, -3.0, 0.0, 1e-9, 2.0, 1e9])
    assert (np.diff(signed_log(values)) > 0).all()
    assert (np.sign(signed_log(values)) == np.sign(values)).all()


def test_other_columns_than_in_training_cannot_be_scaled():
    with pytest.raises(SpecError, match="3 columns, the training rows 2"):
        fit_scaling(np.eye(2))(np.eye(3))


def test_rank_correlations_are_those_of_scipy_with_ties():
    rng = np.random.default_rng(1)
    rows = np.column_stack([rng.integers(0, 4, 200), rng.normal(size=200), rng.integers(-3, 3, 200) ** 3])
    rows[:, 2] += rows[:, 0]
    np.testing.assert_allclose(spearman_matrix(rows), spearmanr(rows).statistic, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 30))
def test_a_weight_counts_as_copies_of_its_row(seed, n):
    rng = np.random.default_rng(seed)
    rows, weights = rng.integers(0, 5, (n, 3)).astype(float), rng.integers(0, 4, n)
    weights[0] = 1
    copies = np.repeat(rows, weights, axis=0)
    np.testing.assert_allclose(spearman_matrix(rows, weights), spearman_matrix(copies), atol=1e-12)
    np.testing.assert_allclose(zero_rates(rows, weights), zero_rates(copies), atol=1e-12)


def test_the_distance_of_relations_ignores_scale_and_sees_a_reversed_pair():
    rng = np.random.default_rng(2)
    wages = rng.normal(size=300)
    real = pd.DataFrame({"wages": wages, "tax": 2 * wages, "age": rng.permutation(300)})
    assert spearman_distance(real, np.exp(real)) == pytest.approx(0.0, abs=1e-12)
    flipped = real.assign(tax=-real.tax)
    expected = np.abs(spearman_matrix(real) - spearman_matrix(flipped))[np.triu_indices(3, 1)].mean()
    assert spearman_distance(real, flipped) == pytest.approx(expected)
    assert spearman_distance(real[["wages", "tax"]], flipped[["wages", "tax"]]) == pytest.approx(2.0)


def test_nothing_moves_with_a_constant_column():
    rows = np.column_stack([np.arange(5.0), np.full(5, 0.1)])
    assert spearman_matrix(rows).tolist() == [[1, 0], [0, 1]]


def test_a_single_column_has_no_relations():
    with pytest.raises(SpecError, match="at least two columns"):
        spearman_distance(np.ones((3, 1)), np.ones((3, 1)))


def test_draws_between_the_largest_loss_and_the_smallest_gain_are_counted_but_for_zero():
    donor = np.array([-500.0, -20.0, 0.0, 30.0, 900.0])
    assert interior_band(donor) == (-20.0, 30.0)
    assert interior_band_violations(donor, [-20, -19.9, 0, 1e-9, 29, 30, -700]) == 3


def test_where_the_donor_has_no_losses_every_negative_draw_is_a_violation():
    assert interior_band(np.array([0.0, 4.0])) == (-np.inf, 4.0)
    assert interior_band_violations([0.0, 4.0], [-1e6, 0.0, 3.0, 4.0, 5.0]) == 2


@pytest.mark.parametrize("score", [zero_rate_error, spearman_distance])
@pytest.mark.parametrize(
    ("real", "weights", "message"),
    [
        (np.array([[1.0, np.nan]]), None, "real rows: column 1 has 1 missing"),
        (np.empty((0, 2)), None, "real rows: 0 rows"),
        (np.ones((2, 2)), [0, 0], "real weights: all 2 are zero"),
        (np.ones((2, 2)), [1, -1], "real weights: 1 of 2 are negative"),
        (np.ones((2, 2)), [1, 1, 1], "real weights: 3 rows where 2 are needed"),
        (np.ones((2, 2)), [1, np.nan], "real weights: 1 missing"),
    ],
)
def test_rows_and_weights_that_say_nothing_are_refused(score, real, weights, message):
    with pytest.raises(SpecError, match=message):
        score(real, np.ones((2, 2)), weights)
