"""CRPS in its energy form and the scores of gates: against every pair written out, and against scikit-learn."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from microplex_spec.crps import signed_log
from microplex_spec.evaluate.crps import crps_of_draws, crps_of_sample
from microplex_spec.evaluate.gate_scores import gate_scores
from microplex_spec.spec.errors import SpecError


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 12), m=st.integers(2, 9), log=st.booleans())
def test_crps_of_draws_is_the_fair_energy_form_over_all_pairs(seed, n, m, log):
    rng = np.random.default_rng(seed)
    y, x, w = rng.integers(-3, 4, n) * 10.0, rng.integers(-3, 4, (n, m)) * 10.0, rng.integers(1, 5, n)
    a, b = (signed_log(y), signed_log(x)) if log else (y, x)
    pairs = np.abs(b[:, :, None] - b[:, None, :]).sum(axis=(1, 2)) / (m * (m - 1))
    expected = np.average(np.abs(b - a[:, None]).mean(axis=1) - pairs / 2, weights=w)
    assert crps_of_draws(y, x, w, log=log) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 12), m=st.integers(1, 12), log=st.booleans())
def test_crps_of_a_weighted_sample_is_the_energy_form_over_all_pairs(seed, n, m, log):
    rng = np.random.default_rng(seed)
    y, x = rng.normal(size=n) * 5, rng.integers(-3, 4, m) * 2.0
    w, v = rng.random(n) + 0.1, rng.integers(0, 4, m) + 1.0 * (np.arange(m) == 0)
    a, b = (signed_log(y), signed_log(x)) if log else (y, x)
    share = v / v.sum()
    error = np.abs(a[:, None] - b[None, :]) @ share
    pairs = share @ np.abs(b[:, None] - b[None, :]) @ share
    assert crps_of_sample(y, x, v, w, log=log) == pytest.approx(np.average(error, weights=w) - pairs / 2, abs=1e-12)


def test_few_draws_have_the_expected_score_of_the_distribution_they_come_from():
    rng = np.random.default_rng(0)
    y = rng.normal(size=40_000)
    whole = crps_of_sample(y, rng.normal(size=20_000), log=False)
    assert crps_of_draws(y, rng.normal(size=(40_000, 2)), log=False) == pytest.approx(whole, abs=0.02)
    assert whole == pytest.approx(1 / np.sqrt(np.pi), abs=0.01)


def test_the_truth_scores_better_than_a_shifted_or_a_narrow_distribution():
    rng = np.random.default_rng(1)
    y, x = rng.normal(size=20_000), rng.normal(size=(20_000, 4))
    truth = crps_of_draws(y, x, log=False)
    assert truth < crps_of_draws(y, x + 0.3, log=False) and truth < crps_of_draws(y, x * 0.5, log=False)


def test_a_large_sample_is_scored_without_an_array_of_pairs():
    values = np.random.default_rng(0).normal(size=100_000)
    tracemalloc.start()
    crps_of_sample(values, values)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize(
    ("y", "x", "message"),
    [
        ([1.0, 2.0], [[1.0], [2.0]], "at least two draws"),
        ([1.0, 2.0], [[1.0, 2.0]], r"shape \(1, 2\) for 2 observed values"),
        ([1.0, np.nan], [[1.0, 2.0], [1.0, 2.0]], "observed values: 1 missing"),
        ([1.0, 2.0], [[1.0, np.inf], [1.0, 2.0]], "draws: column 1 has 1"),
    ],
)
def test_draws_that_cannot_be_scored_are_refused(y, x, message):
    with pytest.raises(SpecError, match=message):
        crps_of_draws(y, x)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 60), levels=st.integers(1, 20))
def test_log_loss_brier_and_auc_are_scikit_learns_with_weights_and_ties(seed, n, levels):
    rng = np.random.default_rng(seed)
    event, p, w = rng.random(n) < 0.4, rng.integers(0, levels + 1, n) / levels, rng.random(n) + 0.1
    event[:2] = [True, False]
    scores = gate_scores(event, p, w)
    assert scores["log_loss"] == pytest.approx(log_loss(event, p, sample_weight=w), rel=1e-9)
    assert scores["brier"] == pytest.approx(brier_score_loss(event, p, sample_weight=w))
    assert scores["auc"] == pytest.approx(roc_auc_score(event, p, sample_weight=w))


def test_the_calibration_error_is_the_weighted_gap_within_each_bin():
    event, p = np.array([1, 0, 0, 1, 1]), np.array([0.1, 0.1, 0.1, 1.0, 0.9])
    # Two bins: 0.1 was said of a third that happened, 0.95 of what always did.
    assert gate_scores(event, p, bins=2)["ece"] == pytest.approx((abs(0.3 - 1) + abs(1.9 - 2)) / 5)
    heavy = gate_scores(event, p, [1, 2, 2, 1, 1], bins=2)["ece"]
    assert heavy == pytest.approx((abs(0.5 - 1) + abs(1.9 - 2)) / 7)


def test_a_gate_that_states_the_true_rates_has_next_to_no_calibration_error():
    rng = np.random.default_rng(3)
    p = rng.random(50_000)
    event = rng.random(50_000) < p
    assert gate_scores(event, p)["ece"] < 0.01 < gate_scores(event, p**2)["ece"]


def test_one_outcome_alone_has_no_auc():
    assert np.isnan(gate_scores([True, True], [0.2, 0.9])["auc"])


@pytest.mark.parametrize(
    ("event", "p", "bins", "message"),
    [
        ([0, 2], [0.5, 0.5], 10, "1 of 2 are neither 0 nor 1"),
        ([0, 1], [0.5, 1.5], 10, "1 of 2 are outside"),
        ([0, 1], [0.5], 10, "probabilities: 1 rows where 2"),
        ([0, 1], [0.5, np.nan], 10, "probabilities: 1 missing"),
        ([0, 1], [0.5, 0.5], 0, "bins = 0"),
    ],
)
def test_probabilities_that_are_none_are_refused(event, p, bins, message):
    with pytest.raises(SpecError, match=message):
        gate_scores(event, p, bins=bins)
