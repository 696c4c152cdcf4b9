"""What softness, tolerance, warm starts and contradictions do to a solve."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from microplex_spec.calibrate import CalibrationProblem, make_calibrator


def nested_system(states: int = 12, bands: int = 6, n: int = 6000) -> dict[str, Any]:
    """Counts, incomes and signed gains by nation, state, band and state x band, from agencies that disagree.

    Cells are thin in small states, published values scatter by 5 % about one truth, one in fifty is far off.
    """
    g = np.random.default_rng(4)
    share = g.pareto(1.2, states) + 0.2
    state = g.choice(states, n, p=share / share.sum())
    income = g.lognormal(10.5, 1.0, n)
    gains = np.where(g.random(n) < 0.2, income * g.normal(0, 1.0, n), 0.0)
    band = np.searchsorted(np.quantile(income, np.linspace(0, 1, bands + 1)[1:-1]), income)
    weights = g.lognormal(6, 0.8, n)
    columns: list[np.ndarray] = []
    for key in (np.zeros(n, int), state, band, state * bands + band):
        for amount in (np.ones(n), income, gains):
            columns.extend(amount * (key == cell) for cell in np.unique(key))
    dense = np.column_stack([column for column in columns if np.count_nonzero(column) >= 5])
    ratios = np.exp(g.normal(0, 0.3, states))[state] * np.exp(g.normal(0, 0.3, bands))[band]
    targets = dense.T @ (weights * ratios)
    targets *= np.exp(g.normal(0, 0.05, targets.size))
    wild = g.random(targets.size) < 0.02
    targets[wild] *= np.exp(g.normal(0, 0.6, wild.sum()))
    return {"matrix": csr_array(dense.astype(np.float32)), "targets": targets, "initial_weights": weights}


@pytest.fixture(scope="module")
def nested() -> dict[str, Any]:
    return nested_system()


@pytest.mark.parametrize("name", ["entropy", "chi2", "logit"])
def test_a_contradictory_system_is_solved_to_a_stationary_point_that_meets_most_targets(nested, name):
    problem = CalibrationProblem(**nested, tolerance=0.1)
    before = np.abs(problem.initial_estimates - problem.targets) / problem.scale
    result = make_calibrator(name).solve(problem)
    assert "stationary point of the soft problem reached" in result.reason
    within = (np.abs(result.relative_errors) <= 0.1).mean()
    assert within > 0.85
    assert within > 2 * (before <= 0.1).mean()


def test_the_error_left_is_the_multiplier_times_the_variance(nested):
    problem = CalibrationProblem(**nested, tolerance=0.1)
    result = make_calibrator("logit", softness=2.0).solve(problem)
    k = problem.targets.size
    variance = (2.0 * 0.1 * problem.scale) ** 2 * k / problem.initial_weights.sum()
    left = (problem.targets - result.estimates) / problem.scale
    np.testing.assert_allclose(left, variance * result.multipliers / problem.scale, atol=1.1e-3)


def test_a_softer_solve_moves_weights_less_and_meets_targets_less(nested):
    problem = CalibrationProblem(**nested, tolerance=0.1)
    hard, soft = (make_calibrator("logit", softness=s).solve(problem) for s in (1.0, 5.0))
    spread = [np.std(r.weights / problem.initial_weights) for r in (hard, soft)]
    error = [np.sqrt(np.mean(r.relative_errors**2)) for r in (hard, soft)]
    assert spread[1] < spread[0]
    assert error[1] > error[0]


def test_a_target_of_wider_tolerance_gives_way_to_one_of_narrower():
    matrix = csr_array(np.array([[1.0, 1.0], [1.0, 1.0]]))
    tolerance = np.array([0.01, 0.1])
    problem = CalibrationProblem(matrix, np.array([20.0, 24.0]), np.array([10.0, 10.0]), tolerance=tolerance)
    errors = np.abs(make_calibrator("entropy").solve(problem).relative_errors)
    assert errors[0] < 0.1 * errors[1]


def test_no_softness_meets_targets_exactly_whatever_their_tolerance():
    g = np.random.default_rng(0)
    dense = (g.random((300, 5)) < 0.5).astype(float)
    weights = g.lognormal(0, 0.5, 300)
    targets = 1.2 * dense.T @ weights
    problem = CalibrationProblem(csr_array(dense), targets, weights, tolerance=0.1)
    soft, exact = (make_calibrator("entropy", softness=s).solve(problem) for s in (1.0, 0.0))
    assert np.abs(exact.relative_errors).max() <= 1.1e-3
    assert np.abs(exact.relative_errors).max() < np.abs(soft.relative_errors).max()


def test_exact_targets_that_contradict_one_another_end_in_a_compromise_and_say_so(nested):
    result = make_calibrator("logit").solve(CalibrationProblem(**nested))
    assert not result.converged
    assert "contradict one another or the bounds" in result.reason
    assert np.median(np.abs(result.relative_errors)) < 0.1


def test_the_cap_on_iterations_is_kept_and_reported(nested):
    result = make_calibrator("logit", max_iterations=3).solve(CalibrationProblem(**nested))
    assert result.iterations <= 3
    assert "at the cap on 3 iterations" in result.reason


def test_a_solve_started_from_its_own_multipliers_is_over_at_once(nested):
    problem = CalibrationProblem(**nested, tolerance=0.1)
    calibrator = make_calibrator("logit")
    first = calibrator.solve(problem)
    again = calibrator.solve(problem, start=first.multipliers)
    assert again.iterations == 0
    np.testing.assert_array_equal(again.weights, first.weights)


def test_multipliers_of_another_problem_are_refused(nested):
    with pytest.raises(ValueError, match="start has shape"):
        make_calibrator("logit").solve(CalibrationProblem(**nested), start=np.zeros(2))


def test_a_target_out_of_reach_is_named_with_what_can_be_reached():
    matrix = csr_array(np.array([[1.0, 1.0], [1.0, 0.0]]))
    problem = CalibrationProblem(
        matrix, np.array([2.0, 9.0]), np.ones(2), bounds=(0.5, 3.0), names=["people", "filers"]
    )
    result = make_calibrator("logit").solve(problem)
    assert "out of reach of any weights allowed, such as 'filers': 9, where they give at most 3" in result.reason


def test_chi2_gives_the_weights_of_greg_where_none_is_negative():
    g = np.random.default_rng(2)
    dense, weights = g.random((50, 3)), g.random(50) + 0.5
    targets = 1.05 * dense.T @ weights
    multipliers = np.linalg.solve(dense.T @ (weights[:, None] * dense), targets - dense.T @ weights)
    greg = weights * (1 + dense @ multipliers)
    result = make_calibrator("chi2").solve(CalibrationProblem(csr_array(dense), targets, weights))
    np.testing.assert_allclose(result.weights, greg, rtol=1e-5)


def test_entropy_gives_the_weights_of_raking():
    g = np.random.default_rng(3)
    rows, columns = g.integers(0, 3, 200), g.integers(0, 4, 200)
    dense = np.column_stack([rows[:, None] == np.arange(3), columns[:, None] == np.arange(4)]).astype(float)
    weights = g.lognormal(0, 0.5, 200)
    targets = dense.T @ (weights * np.exp(g.normal(0, 0.3, 200)))
    raked = weights.copy()
    for _ in range(200):
        for cells in (slice(0, 3), slice(3, 7)):
            raked *= dense[:, cells] @ (targets[cells] / (dense[:, cells].T @ raked))
    result = make_calibrator("entropy").solve(CalibrationProblem(csr_array(dense), targets, weights))
    np.testing.assert_allclose(result.weights, raked, rtol=1e-5)
