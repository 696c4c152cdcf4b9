"""Folds of families, and calibrations without some of their targets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import random_array

from microplex_spec.calibrate import CalibrationProblem, make_calibrator
from microplex_spec.calibrate.folds import deal, solve_folds
from microplex_spec.calibrate.left_out import solve_without
from microplex_spec.calibrate.parts import columns_of, part_of, row_sums

families = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=60)


@given(families, st.integers(2, 7), st.randoms())
def test_a_family_is_never_torn_apart_and_the_order_of_targets_decides_nothing(names, folds, random):
    dealt = deal(names, folds)
    by_family = dict(zip(names, dealt, strict=True))
    assert [by_family[name] for name in names] == list(dealt)
    shuffled = random.sample(names, len(names))
    assert [by_family[name] for name in shuffled] == list(deal(shuffled, folds))


@given(families, st.integers(2, 7))
def test_folds_are_as_even_as_their_largest_family_allows(names, folds):
    dealt, number = deal(names, folds), min(folds, len(set(names)))
    if number < 2:
        assert not dealt.any()
        return
    sizes = np.bincount(dealt, minlength=number + 1)[1:]
    assert len(sizes) == number and (sizes > 0).all()
    assert sizes.max() - sizes.min() <= max(names.count(name) for name in names)


def test_one_family_cannot_be_left_out():
    assert deal(["a", "a"], 5).tolist() == [0, 0]
    assert deal(["a", "b"], 0).tolist() == [0, 0]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 40), st.integers(1, 6), st.booleans())
def test_sums_along_rows_and_columns_chosen_are_those_of_the_dense_matrix(seed, n, k, absolute):
    rng = np.random.default_rng(seed)
    matrix = random_array((n, k), density=0.4, rng=rng, format="csr", dtype=np.float32) - random_array(
        (n, k), density=0.2, rng=rng, format="csr", dtype=np.float32
    )
    factors, dense = rng.normal(size=k), matrix.toarray().astype(np.float64)
    np.testing.assert_allclose(row_sums(matrix, factors, absolute), (abs(dense) if absolute else dense) @ factors)
    columns = rng.permutation(k)[: rng.integers(1, k + 1)]
    np.testing.assert_array_equal(columns_of(matrix, columns).toarray(), matrix.toarray()[:, columns])
    assert columns_of(matrix, np.arange(k)) is matrix


def bands(seed: int, n: int = 3000) -> tuple[CalibrationProblem, np.ndarray]:
    """Counts by two crossing groups and an amount by each, whose truth is a smooth change of the weights."""
    rng = np.random.default_rng(seed)
    first, second, amount = rng.integers(0, 8, n), rng.integers(0, 6, n), rng.lognormal(3, 1, n)
    dense = np.concatenate(
        [np.eye(8)[first], np.eye(6)[second], np.eye(8)[first] * amount[:, None], np.eye(6)[second] * amount[:, None]],
        axis=1,
    )
    weights = rng.lognormal(4, 0.5, n)
    truth = weights * np.exp(0.3 * np.sin(first) + 0.2 * np.cos(second))
    problem = CalibrationProblem(dense, dense.T @ truth * np.exp(rng.normal(0, 0.02, dense.shape[1])), weights, 0.02)
    return problem, np.repeat([1, 2, 3, 4], [8, 6, 8, 6])


@pytest.mark.parametrize("name", ["logit", "entropy", "chi2"])
def test_a_fold_from_the_whole_solve_judges_left_out_targets_as_a_solve_of_its_own_does(name):
    problem, fold = bands(1)
    calibrator = make_calibrator(name)
    whole = calibrator.solve(problem)
    for each in solve_folds(calibrator, problem, fold, whole):
        alone = calibrator.solve(part_of(problem, ~each.left_out)).weights
        error, expected = (np.abs(problem.judge(w, ended="").relative_errors) for w in (each.weights, alone))
        assert (each.weights >= 0).all()
        assert np.median(error[each.left_out]) == pytest.approx(np.median(expected[each.left_out]), abs=0.01)
        assert np.median(error[~each.left_out]) < 0.02


def test_a_fold_never_sees_the_values_of_the_targets_left_out_but_through_the_start():
    problem, fold = bands(2)
    calibrator, kept = make_calibrator("logit"), bands(2)[1] != 3
    moved = CalibrationProblem(problem.matrix, np.where(kept, 1, 1.4) * problem.targets, problem.initial_weights, 0.02)
    first, second = (solve_without(calibrator, each, kept, calibrator.solve(each), 0) for each in (problem, moved))
    alone = np.abs(problem.judge(first, ended="").estimates - problem.judge(second, ended="").estimates)
    assert (alone[~kept] < 0.01 * problem.targets[~kept]).all()
    assert set(fold) == {1, 2, 3, 4}


def test_contradictions_that_softened_the_whole_solve_do_not_spoil_the_folds():
    matrix = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    problem = CalibrationProblem(matrix, [4.0, 8.0, 3.0], np.ones(4))
    calibrator = make_calibrator("logit")
    folds = list(solve_folds(calibrator, problem, np.array([1, 1, 2]), calibrator.solve(problem)))
    assert [each.number for each in folds] == [1, 2]
    assert folds[0].weights @ matrix[:, 2] == pytest.approx(3.0, rel=0.02)
    assert 4.0 < folds[1].weights.sum() < 8.0


def test_a_calibrator_without_multipliers_solves_each_fold_anew():
    problem, fold = bands(3)
    calibrator = make_calibrator("none")
    folds = list(solve_folds(calibrator, problem, fold, calibrator.solve(problem)))
    assert all((each.weights == problem.initial_weights).all() for each in folds)


def test_the_same_seed_gives_the_same_bytes():
    problem, fold = bands(4)
    calibrator = make_calibrator("logit")
    whole = calibrator.solve(problem)
    first, second = (
        [each.weights.tobytes() for each in solve_folds(calibrator, problem, fold, whole, seed=3)] for _ in range(2)
    )
    assert first == second
