"""Figures of a weight vector."""

from __future__ import annotations

import numpy as np
import pytest

from microplex_spec.calibrate import CalibrationProblem, make_calibrator
from microplex_spec.calibrate.health import highest_leverage, highest_prices, shadow_prices, weight_health


def test_equal_weights_have_an_effective_size_of_all_records():
    health = weight_health(np.full(8, 3.0), np.full(8, 3.0))
    assert health["ess"] == pytest.approx(8)
    assert health["ess_share"] == pytest.approx(1)
    assert (health["min_ratio"], health["median_ratio"], health["max_ratio"]) == (1, 1, 1)


def test_zeros_and_records_at_their_caps_are_counted():
    initial = np.array([1.0, 1.0, 1.0, 2.0, 0.0])
    health = weight_health(np.array([0.1, 5.0, 0.0, 9.95, 0.0]), initial, bounds=(0.1, 5.0))
    assert health["n_zero"] == 2
    assert health["cap_hits_lower"] == 2
    assert health["cap_hits_upper"] == 2
    assert health["max_ratio"] == 5.0


def test_records_that_a_budget_dropped_are_at_no_cap():
    initial, base = np.ones(6), np.array([4.0, 4.0, 4.0, 4.0, 0.0, 0.0])
    health = weight_health(np.array([0.4, 40.0, 4.0, 8.0, 0.0, 0.0]), initial, (0.1, 10.0), base)
    assert (health["cap_hits_lower"], health["cap_hits_upper"], health["share_at_caps"]) == (1, 1, 0.5)
    assert health["max_ratio"] == 40.0


def test_without_bounds_nothing_hits_a_cap():
    health = weight_health(np.array([0.0, 1e9]), np.ones(2))
    assert health["cap_hits_lower"] == health["cap_hits_upper"] == 0


def test_weights_of_another_file_are_refused():
    with pytest.raises(ValueError, match="shape"):
        weight_health(np.ones(2), np.ones(3))


def test_quantiles_of_ratios_and_the_share_at_the_caps_are_those_of_the_records():
    rng = np.random.default_rng(1)
    initial = rng.lognormal(3, 1, 5000)
    ratios = np.clip(rng.lognormal(0, 1, 5000), 0.1, 10)
    health = weight_health(initial * ratios, initial, (0.1, 10))
    for name, ratio in health["ratio_quantiles"].items():
        assert ratio == pytest.approx(np.quantile(ratios, int(name) / 100))
    assert health["share_at_caps"] == pytest.approx(np.mean((ratios <= 0.101) | (ratios >= 9.9)))
    assert health["design_ess_share"] == pytest.approx(initial.sum() ** 2 / (initial**2).sum() / 5000)
    assert health["collapse"] == ""


def test_weights_on_few_records_are_a_collapse():
    weights = np.full(1000, 1e-3)
    weights[:8] = 1000.0
    health = weight_health(weights, np.ones(1000))
    assert health["largest_percent_share"] > 0.99
    assert "effective sample size is 0.8%" in health["collapse"] and "carries 100%" in health["collapse"]


def test_a_small_file_chosen_by_a_record_budget_is_no_collapse():
    weights = np.zeros(10_000)
    weights[:300] = 30.0
    assert weight_health(weights, np.ones(10_000))["collapse"] == ""


def system(n: int = 300, k: int = 12) -> CalibrationProblem:
    rng = np.random.default_rng(2)
    dense = rng.normal(size=(n, k)) * (rng.random((n, k)) < 0.3)
    dense[0] = 0.0
    dense[1] = 20.0
    return CalibrationProblem(dense, np.ones(k), rng.uniform(1, 2, n), names=[f"t{j}" for j in range(k)])


def test_leverage_is_a_records_mean_share_in_the_gross_totals():
    problem = system()
    weights, ids = problem.initial_weights * 1.5, np.arange(300) + 1000
    carried = weights[:, None] * np.abs(problem.matrix.toarray())
    shares = carried / carried.sum(axis=0)
    every = highest_leverage(problem, weights, ids, top=299)
    assert sum(row["leverage"] for row in every) == pytest.approx(1.0)
    first = every[0]
    assert first["id"] == 1001 and first["ratio"] == pytest.approx(1.5)
    assert first["leverage"] == pytest.approx(shares[1].mean())
    assert first["target_share"] == pytest.approx(shares[1].max())
    assert first["target"] == f"t{shares[1].argmax()}"
    assert [row["leverage"] for row in every] == sorted((row["leverage"] for row in every), reverse=True)


def mean_distance(problem: CalibrationProblem, weights: np.ndarray) -> float:
    ratios = weights / problem.initial_weights
    return float(np.average((ratios - 1) ** 2 / 2, weights=problem.initial_weights))


def test_the_shadow_price_is_what_one_percent_of_a_figure_costs():
    rng = np.random.default_rng(3)
    matrix, weights = rng.uniform(0, 2, (500, 4)), rng.uniform(1, 2, 500)
    figures = matrix.T @ weights * np.array([1.05, 0.97, 1.02, 1.0])
    problem = CalibrationProblem(matrix, figures, weights)
    calibrator = make_calibrator("chi2", softness=0.0)
    solved = calibrator.solve(problem)
    prices = shadow_prices(solved.multipliers, 0.01 * figures, weights)
    for j in range(4):
        step = np.where(np.arange(4) == j, 0.001 * np.sign(solved.multipliers[j]), 0.0)
        dearer, cheaper = (
            mean_distance(problem, calibrator.solve(CalibrationProblem(matrix, figures * (1 + s), weights)).weights)
            for s in (step, -step)
        )
        assert prices[j] == pytest.approx((dearer - cheaper) / 0.002 * 0.01, rel=1e-3)


def test_prices_that_no_calibrator_told_are_unknown():
    prices = shadow_prices(np.zeros(3), np.ones(3), np.ones(5))
    assert np.isnan(prices).all() and highest_prices(["a", "b", "c"], prices) == []
    assert highest_prices(["a", "b", "c"], np.array([0.1, 0.3, 0.0])) == [
        {"target": "b", "shadow_price": 0.3}, {"target": "a", "shadow_price": 0.1},
    ]  # fmt: skip
