"""Figures of evaluation: weighted KS distances, histograms, and the headline of a run."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from microplex_spec.evaluate.distribution import nonzero_shares, signed_log_edges, weighted_ks
from microplex_spec.evaluate.fit import (
    fit_median_error,
    fit_within,
    held_out_table,
    holdout_median_error,
    relative_errors,
)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 30), m=st.integers(1, 30))
def test_weighted_ks_equals_the_distance_of_samples_repeated_by_their_weights(seed, n, m):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(-4, 6, n).astype(float), rng.integers(-4, 6, m) * 1.5
    wa, wb = rng.integers(1, 5, n), rng.integers(1, 5, m)
    expected = ks_2samp(np.repeat(a, wa), np.repeat(b, wb), method="exact").statistic
    assert weighted_ks(a, wa.astype(float), b, wb.astype(float)) == pytest.approx(expected, abs=1e-12)


def test_equal_samples_have_no_distance_and_disjoint_ones_the_whole():
    a, w = np.array([1.0, 2.0, 3.0]), np.array([0.2, 0.3, 5.0])
    assert weighted_ks(a, w, a[::-1], w[::-1]) == pytest.approx(0.0, abs=1e-12)
    assert weighted_ks(a, w, a + 10, w) == pytest.approx(1.0)


values = st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=40).map(np.array)


@settings(max_examples=60, deadline=None)
@given(a=values, b=values, bins=st.integers(1, 50))
def test_histogram_edges_rise_and_shares_of_nonzero_values_sum_to_one(a, b, bins):
    edges = signed_log_edges([a, b], bins)
    assert edges.shape == (bins + 1,)
    assert (np.diff(edges) >= 0).all()
    for sample in (a, b):
        shares = nonzero_shares(sample, np.ones(len(sample)), edges)
        assert shares.shape == (bins,) and (shares >= 0).all()
        assert shares.sum() == pytest.approx(1.0 if (sample != 0).any() else 0.0)


def test_shares_of_a_histogram_are_shares_of_weight():
    edges = np.array([0.0, 10.0, 100.0, 1000.0])
    shares = nonzero_shares(np.array([5.0, 50.0, 0.0, 5000.0]), np.array([1.0, 2.0, 90.0, 1.0]), edges)
    assert shares.tolist() == [0.25, 0.5, 0.25]


def test_relative_errors_are_signed_by_the_estimate_and_missing_where_nothing_can_be_said():
    errors = relative_errors(np.array([90.0, -90.0, 5.0, np.nan]), np.array([100.0, -100.0, 0.0, 10.0]))
    np.testing.assert_allclose(errors, [-0.1, 0.1, np.nan, np.nan])


def test_what_should_be_zero_is_off_by_its_part_of_the_scale():
    errors = relative_errors(np.array([5.0, -5.0, 90.0]), np.array([0.0, 0.0, 100.0]), np.array([50.0, 0.0, 100.0]))
    np.testing.assert_allclose(errors, [0.1, np.nan, -0.1])


TARGETS = pd.DataFrame(
    [
        ("fit", "fitted", 0.05, -0.4, "a"),
        ("fit", "fitted", -0.2, 0.6, "a"),
        ("fit", "fitted", np.nan, np.nan, "b"),
        ("fit", "unsupported", 0.0, np.nan, "b"),
        ("fit", "excluded", 0.0, np.nan, "b"),
        ("holdout", "holdout", -0.3, np.nan, "b"),
        ("holdout", "holdout", 0.1, np.nan, "c"),
        ("holdout", "unsupported", 9.0, np.nan, "c"),
        ("monitor", "monitor", 0.0, np.nan, "d"),
    ],
    columns=["role", "status", "rel_error_final", "rel_error_held_out", "family"],
)


def test_the_headline_counts_fitted_targets_only():
    # A target that cannot be told counts as missed, and one that is not fitted counts neither way.
    assert fit_within(TARGETS) == pytest.approx(1 / 3)
    assert fit_within(TARGETS, within=0.25) == pytest.approx(2 / 3)
    assert fit_median_error(TARGETS) == pytest.approx(0.125)


def test_the_error_out_of_sample_is_that_of_folds_together_with_targets_held_out_for_good():
    assert holdout_median_error(TARGETS) == pytest.approx(np.median([0.4, 0.6, 0.3, 0.1]))
    apart = TARGETS.assign(rel_error_held_out=np.nan)
    assert holdout_median_error(apart) == pytest.approx(0.2)


def test_the_headline_is_none_where_there_is_nothing_to_sum_up():
    assert fit_within(TARGETS.iloc[3:]) is None and fit_median_error(TARGETS.iloc[3:]) is None
    assert holdout_median_error(TARGETS.iloc[2:5]) is None


def test_groups_tell_both_errors_and_the_worst_out_of_sample_comes_first():
    rows = {row["name"]: row for row in held_out_table(TARGETS, "family")}
    assert list(rows) == ["a", "b", "c"]
    assert rows["a"] == {
        "name": "a", "fitted": 2, "held_out": 2, "fit_median_error": pytest.approx(0.125),
        "holdout_median_error": pytest.approx(0.5), "fit_within_10pct": 0.5, "holdout_within_10pct": 0.0,
    }  # fmt: skip
    assert rows["c"]["fit_median_error"] is None and rows["c"]["fitted"] == 0
