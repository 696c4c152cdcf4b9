"""Seed noise: intervals of differences against the textbook, and against simulated seeds."""

import math

import numpy as np
import pytest
from scipy import stats

from microplex_spec.compare.noise import beyond, by_chance, margin, margin_of_runs
from microplex_spec.compare.outcomes import Scatter


def test_the_margin_is_that_of_welchs_test():
    rng = np.random.default_rng(1)
    a, b = rng.normal(0, 1, 4), rng.normal(0, 3, 7)
    interval = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    found = margin((a.std(ddof=1), b.std(ddof=1)), (4, 7))
    assert found == pytest.approx((interval.high - interval.low) / 2)


def test_nothing_is_claimed_where_a_scatter_is_unknown():
    assert not beyond(1e9, (math.nan, 1.0), (1, 3))
    assert not beyond(1e9, (1.0, 1.0), (1, 3))
    assert margin_of_runs(0.1, 1) == math.inf


def test_figures_that_do_not_scatter_differ_by_any_difference():
    assert beyond(1e-6, (0.0, 0.0), (3, 3))
    assert not beyond(0.0, (0.0, 0.0), (3, 3))


@pytest.mark.parametrize("seeds", [2, 3, 10])
def test_two_runs_alike_are_said_to_differ_one_time_in_twenty(seeds):
    rng = np.random.default_rng(seeds)
    known, pairs = rng.normal(size=(20_000, seeds)), rng.normal(size=(20_000, 2))
    moved = np.abs(pairs[:, 0] - pairs[:, 1])
    limits = [margin_of_runs(float(sd), seeds) for sd in known.std(axis=1, ddof=1)]
    assert np.mean(moved > limits) == pytest.approx(0.05, abs=0.006)


def test_of_several_figures_any_is_beyond_one_time_in_twenty_as_the_count_by_chance_says():
    rng = np.random.default_rng(7)
    known, pairs = rng.normal(size=(4_000, 3, 6)), rng.normal(size=(4_000, 2, 6))
    found = 0
    for runs, (old, new) in zip(known, pairs, strict=True):
        spreads = {("imputation", "x", str(number)): float(sd) for number, sd in enumerate(runs.std(axis=0, ddof=1))}
        moves = {str(number): float(moved) for number, moved in enumerate(new - old)}
        found += bool(Scatter(3, spreads).beyond("imputation", "x", moves))
    assert 0.02 * len(known) < found <= 1.15 * by_chance(len(known))


def test_the_figure_that_is_furthest_beyond_noise_is_named_first():
    scatter = Scatter(3, {("imputation", "x", name): 1.0 for name in ("mean", "zero", "positive")})
    moves = {"mean": 0.5, "zero": 30.0, "positive": -90.0, "unknown": 9.0}
    assert scatter.beyond("imputation", "x", moves) == ["positive", "zero"]
    assert scatter.beyond("imputation", "y", moves) is None
