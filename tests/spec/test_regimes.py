"""Regimes as data: observed support, strays, and the inference of a regime."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from microplex_spec.spec.regimes import (
    REGIMES,
    Support,
    check_regime,
    infer_regime,
    observed_support,
    stray_mask,
)

VALUES = arrays(np.float64, st.integers(1, 60), elements=st.sampled_from([-7.5, -2, -1, 0, 0.5, 1, 2, 1e9]))


def test_shares_are_weighted_and_counts_are_not():
    support = observed_support(np.array([-3.0, 0, 0, 2.5, 10]), np.array([1, 2, 2, 4, 1]))
    assert (support.rows_negative, support.rows_zero, support.rows_positive) == (1, 2, 2)
    assert (support.share_negative, support.share_zero, support.share_positive) == (0.1, 0.4, 0.5)
    assert (support.smallest_positive, support.largest_negative, support.distinct) == (2.5, -3, 4)
    assert (support.rows_not_count, support.rows_not_binary) == (2, 3)
    assert support.signs == ("negative", "zero", "positive")


def test_a_support_is_read_back_from_its_stored_fields():
    support = observed_support(np.array([0.0, 5]))
    assert Support(**asdict(support)) == support


@pytest.mark.parametrize(
    ("values", "regime"),
    [
        ([0, 0], "constant_zero"),
        ([0, 1, 1], "binary"),
        ([0, 1, 2, 3], "count"),
        ([1, 2], "count"),
        ([0.0, 12.5], "zero_inflated"),
        ([0.0, -12.5], "zero_inflated_negative"),
        ([3.5, 12.5], "positive"),
        ([-3.5], "negative"),
        ([-3.5, 0, 2], "three_sign"),
        ([-3.5, 2], "continuous"),
        ([0, *range(1000, 1100)], "zero_inflated"),
        ([0, *np.linspace(-5, 5, 400)], "continuous"),
    ],
)
def test_auto_takes_the_narrowest_regime_that_holds(values, regime):
    assert infer_regime(observed_support(np.array(values, float))).name == regime


@given(VALUES)
def test_an_inferred_regime_never_has_strays(values):
    regime = infer_regime(observed_support(values))
    assert not stray_mask(regime, values).any()
    assert check_regime(regime, observed_support(values), 0) == []


@given(VALUES, st.sampled_from(sorted(REGIMES)))
def test_the_check_of_stored_shares_agrees_with_the_rows(values, name):
    regime, mask = REGIMES[name], stray_mask(REGIMES[name], values)
    messages = check_regime(regime, observed_support(values), 0)
    assert bool(messages) == bool(mask.any())


def test_the_tolerance_is_a_weighted_share():
    y, w = np.array([-1.0] + [5] * 99), np.array([0.4] + [1] * 99)
    assert check_regime(REGIMES["positive"], observed_support(y, w), 0.005) == []
    (message,) = check_regime(REGIMES["positive"], observed_support(y), 0.005)
    assert "'positive' does not hold: 1 of 100 donors (1.00% of the weight) are negative" in message


def test_fractions_are_strays_of_a_count_and_other_numbers_of_a_flag():
    y = np.array([0.0, 1, 2, 2.5, -1])
    np.testing.assert_array_equal(stray_mask(REGIMES["count"], y), [0, 0, 0, 1, 1])
    np.testing.assert_array_equal(stray_mask(REGIMES["binary"], y), [0, 0, 1, 1, 1])
