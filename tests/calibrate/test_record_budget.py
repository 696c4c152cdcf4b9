"""A record budget: how many records are kept, which, and what is said where so few cannot meet the targets."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array, hstack

from microplex_spec.calibrate import CalibrationProblem, make_calibrator
from microplex_spec.calibrate._record_budget import Choice, refit
from microplex_spec.calibrate.logit import Logit
from microplex_spec.calibrate.parts import part_of
from microplex_spec.calibrate.sparse import inclusion_chances, leverages, systematic_draw
from microplex_spec.calibrate.staging import solve_in_stages
from microplex_spec.spec.cost import CalibrationShape
from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.registry import CALIBRATORS

N, K, BUDGET = 4000, 30, 400
every_budget = pytest.mark.parametrize("name", ["sparse", "hardconcrete"])


def problem(seed: int = 0, **given) -> CalibrationProblem:
    g = np.random.default_rng(seed)
    matrix = csr_array((g.random((N, K)) < 0.2) * g.lognormal(0, 1, (N, K)))
    weights = g.lognormal(5, 0.7, N)
    return CalibrationProblem(matrix, matrix.T @ (weights * np.exp(g.normal(0, 0.3, N))), weights, **given)


def rare_cells() -> CalibrationProblem:
    """Five cells of eight records of little weight beside totals over everyone."""
    g = np.random.default_rng(5)
    weights = g.lognormal(5, 1.0, N)
    cells = np.zeros((N, 5))
    for j in range(5):
        rows = slice(8 * j, 8 * j + 8)
        cells[rows, j], weights[rows] = 1.0, 2.0
    common = (g.random((N, 5)) < 0.5) * 1.0
    matrix = hstack([csr_array(cells), csr_array(common)]).tocsr()
    return CalibrationProblem(matrix, 1.1 * (matrix.T @ weights), weights)


@every_budget
def test_a_budget_keeps_so_many_records_and_meets_the_targets(name):
    result = make_calibrator(name, max_records=BUDGET).solve(problem(), seed=1)
    assert np.count_nonzero(result.weights) == BUDGET
    assert result.converged, result.reason
    assert np.abs(result.relative_errors).max() < 1e-6


@every_budget
def test_a_seed_decides_which_records_are_kept(name):
    first, again, other = (make_calibrator(name, max_records=BUDGET).solve(problem(), seed=s) for s in (1, 1, 2))
    assert first.weights.tobytes() == again.weights.tobytes()
    assert not np.array_equal(first.weights > 0, other.weights > 0)


@every_budget
def test_the_records_chosen_do_not_depend_on_threads(name):
    before, weights = numba.get_num_threads(), []
    g = np.random.default_rng(1)
    wide = csr_array((g.random((N, 200)) < 0.2) * g.lognormal(0, 1, (N, 200)))
    w = g.lognormal(5, 0.7, N)
    try:
        for count in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(count)
            asked = CalibrationProblem(wide, 1.05 * (wide.T @ w), w, tolerance=0.01)
            weights.append(make_calibrator(name, max_records=BUDGET).solve(asked, seed=1).weights.tobytes())
    finally:
        numba.set_num_threads(before)
    assert weights[0] == weights[1]


@every_budget
def test_records_within_the_budget_are_all_kept_as_logit_weighs_them(name):
    g = np.random.default_rng(3)
    initial = np.where(g.random(N) < 0.5, problem().initial_weights, 0.0)
    staged = CalibrationProblem(problem().matrix, problem().matrix.T @ initial * 1.1, initial)
    live = np.count_nonzero(initial)
    result = make_calibrator(name, max_records=live).solve(staged, seed=1)
    assert result.weights.tobytes() == make_calibrator("logit").solve(staged, seed=1).weights.tobytes()
    assert "within the budget" in result.reason


@every_budget
def test_records_of_initial_weight_zero_are_never_chosen(name):
    initial = problem().initial_weights.copy()
    initial[::2] = 0
    asked = CalibrationProblem(problem().matrix, problem().matrix.T @ initial * 1.1, initial)
    result = make_calibrator(name, max_records=BUDGET).solve(asked, seed=1)
    assert np.count_nonzero(result.weights) == BUDGET
    assert not result.weights[::2].any()


def test_bounds_hold_against_the_initial_weight_over_the_inclusion_chance():
    lower, upper = 0.5, 1.8
    asked = problem(tolerance=0.02)
    calibrator = CALIBRATORS.load("sparse")(max_records=BUDGET, lower=lower, upper=upper)
    choice = calibrator.choose(asked, calibrator.logit.solve(asked, 1).weights, 1)
    result = calibrator.solve(asked, seed=1)
    ratios = result.weights[choice.rows] * choice.chance / asked.initial_weights[choice.rows]
    assert ratios.min() >= lower * (1 - 1e-12)
    assert ratios.max() <= upper * (1 + 1e-12)
    np.testing.assert_array_equal(result.base[choice.rows], asked.initial_weights[choice.rows] / choice.chance)
    assert np.count_nonzero(result.base) == BUDGET


@every_budget
def test_bounds_against_the_initial_weights_are_refused_where_records_have_to_be_dropped(name):
    bounded = problem(bounds=(0.7, 1.5))
    with pytest.raises(SpecError, match="keeps no bounds on the ratios"):
        make_calibrator(name, max_records=BUDGET).solve(bounded, seed=1)
    ratios = make_calibrator(name, max_records=N).solve(bounded, seed=1).weights / bounded.initial_weights
    assert 0.7 * (1 - 1e-12) <= ratios.min() < ratios.max() <= 1.5 * (1 + 1e-12)


@every_budget
def test_too_few_records_are_said_to_be_too_few(name):
    result = make_calibrator(name, max_records=10).solve(problem(), seed=1)
    assert np.count_nonzero(result.weights) <= 10
    assert not result.converged
    assert "10 of 4000 records kept" in result.reason
    assert "outside tolerance" in result.reason
    assert "the budget is too small" in result.reason


def test_a_target_without_a_record_among_those_kept_is_named():
    asked, logit = rare_cells(), Logit()
    first, rows = logit.solve(asked), np.arange(100, N)
    result = refit(asked, Choice(rows, np.ones(rows.size)), first, logit, 0)
    assert "5 targets have no record among those kept, such as '0'" in result.reason
    assert not result.converged


def test_leverage_mixed_with_size_keeps_rare_cells_that_size_alone_loses():
    asked, logit = rare_cells(), Logit()
    first = logit.solve(asked)
    by_size = inclusion_chances(first.weights, 200)
    worst = []
    for start in (0.1, 0.5, 0.9):
        rows = systematic_draw(by_size, start)
        worst.append(np.abs(refit(asked, Choice(rows, by_size[rows]), first, logit, 0).relative_errors).max())
    mixed = [make_calibrator("sparse", max_records=200).solve(asked, seed=seed) for seed in (1, 2, 3)]
    assert min(worst) > 0.5
    assert all(result.converged for result in mixed)


def test_leverages_sum_to_the_number_of_targets():
    asked = problem()
    assert leverages(asked, asked.initial_weights).sum() == pytest.approx(K)


@given(st.lists(st.floats(0, 1e6), min_size=5, max_size=60), st.floats(0, 1, exclude_max=True), st.data())
def test_a_draw_is_of_fixed_size_and_never_takes_what_has_no_size(sizes, start, data):
    size = np.array(sizes)
    size[size < 1e-6] = 0.0
    live = np.count_nonzero(size)
    if live < 2:
        return
    number = data.draw(st.integers(1, live - 1))
    chance = inclusion_chances(size, number)
    rows = systematic_draw(chance, start)
    assert chance.max() <= 1
    assert chance.sum() == pytest.approx(number)
    assert rows.size == number
    assert (size[rows] > 0).all()


def test_records_are_drawn_as_often_as_their_chance():
    chance = inclusion_chances(np.random.default_rng(0).lognormal(0, 1, 50), 12)
    starts = (np.arange(4000) + 0.5) / 4000
    drawn = np.zeros(50)
    for start in starts:
        drawn[systematic_draw(chance, start)] += 1
    np.testing.assert_allclose(drawn / starts.size, chance, atol=1e-3)


@every_budget
@pytest.mark.parametrize("value", [0, -5, 2.5, True, None])
def test_a_budget_that_is_no_whole_number_above_zero_is_an_error(name, value):
    with pytest.raises(SpecError, match="max_records"):
        make_calibrator(name, max_records=value)


@every_budget
def test_a_choice_of_records_is_predicted_to_cost_more_than_none(name):
    backend, shape = CALIBRATORS.load(name), CalibrationShape(100_000, 500, 2_500_000)
    chosen, all_kept = (backend.predict_cost(shape, {"max_records": m}) for m in (5_000, 100_000))
    assert chosen.seconds > all_kept.seconds


@every_budget
def test_later_stages_move_the_records_kept_within_the_bounds_that_were_asked_for(name):
    near = problem()
    whole = CalibrationProblem(near.matrix, 1.5 * near.targets, near.initial_weights, 0.02)
    first = np.arange(K) < K // 2
    calibrator = make_calibrator(name, max_records=BUDGET, lower=0.5, upper=2.0)
    base = calibrator.solve(part_of(whole, first), seed=3).base
    staged = solve_in_stages(calibrator, whole, np.where(first, 0, 1), ["first", "rest"], seed=3)
    kept = base > 0
    assert staged.stages[1].kept and (staged.result.weights[~kept] == 0).all()
    ratios = staged.result.weights[kept] / base[kept]
    assert 0.5 * (1 - 1e-9) <= ratios.min() < ratios.max() <= 2.0 * (1 + 1e-9)
    assert ratios.min() < 0.5 * 1.1 or ratios.max() > 2.0 * 0.9
