"""What a calibration problem refuses, and what its scale and tolerance mean."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_array, csr_array

from microplex_spec.calibrate import CalibrationProblem, make_calibrator
from microplex_spec.calibrate.problem import release, weighted_sums
from microplex_spec.spec.errors import SpecError

MATRIX = csr_array(np.array([[1.0, 0.0], [1.0, -2.0], [0.0, 4.0]]))
TARGETS = np.array([3.0, 0.0])
WEIGHTS = np.ones(3)
NAMES = ["people", "net_gains"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"initial_weights": np.array([1, np.nan, 1])}, "1 initial weights are not finite"),
        ({"initial_weights": np.array([1, -1, 1.0])}, "1 initial weights are negative"),
        ({"initial_weights": np.zeros(3)}, "all initial weights are zero"),
        ({"initial_weights": np.ones(4)}, "3 records, but 4 initial weights"),
        ({"targets": np.array([3.0, np.nan])}, "target 'net_gains' has the value nan"),
        ({"targets": np.array([-np.inf, 0.0])}, "target 'people' has the value -inf"),
        ({"initial_weights": np.array([1, np.inf, 1])}, "1 initial weights are not finite"),
        ({"matrix": csr_array((0, 2)), "initial_weights": np.ones(0)}, "matrix is empty: 0 records"),
        ({"targets": np.ones(3)}, "2 targets, but 3 target values"),
        ({"names": ["people"]}, "2 targets, but 1 names"),
        ({"matrix": csr_array((3, 0)), "targets": np.ones(0), "names": []}, "matrix is empty"),
        ({"matrix": csr_array(np.array([[1.0, 0], [1, 0], [0, 0]]))}, "'net_gains' has no record"),
        ({"matrix": csr_array(np.array([[1.0, 0], [1, np.inf], [0, 1]]))}, "'net_gains' has records whose value"),
        ({"tolerance": np.array([0.1, -0.1])}, "target 'net_gains' has the tolerance -0.1"),
        ({"tolerance": np.ones(3)}, "2 targets, but 3 tolerances"),
        ({"bounds": (1.0, 2.0)}, "lower bound of weight ratios is 1.0"),
        ({"bounds": (0.5, 1.0)}, "upper bound of weight ratios is 1.0"),
        ({"bounds": (-0.5, 2.0)}, "lower bound of weight ratios is -0.5"),
        ({"bounds": (0.5, np.nan)}, "upper bound of weight ratios is nan"),
        ({"bounds": (np.nan, 2.0)}, "lower bound of weight ratios is nan"),
    ],
)
def test_a_wrong_problem_is_an_error_that_says_what_is_wrong(change, message):
    given = {"matrix": MATRIX, "targets": TARGETS, "initial_weights": WEIGHTS, "names": NAMES} | change
    with pytest.raises(SpecError, match=message):
        CalibrationProblem(**given)


def test_a_target_supported_by_records_of_weight_zero_alone_is_an_error():
    with pytest.raises(SpecError, match="'people' has no record with a weight"):
        CalibrationProblem(MATRIX, TARGETS, np.array([0, 0, 1.0]), names=NAMES)


def test_every_fault_is_reported_at_once():
    with pytest.raises(SpecError) as error:
        CalibrationProblem(MATRIX, TARGETS, WEIGHTS, tolerance=-1.0, bounds=(2.0, 0.5))
    assert len(error.value.problems) == 4


def test_an_error_is_relative_to_the_target_or_to_the_gross_total_where_that_is_zero():
    problem = CalibrationProblem(MATRIX, np.array([-3.0, 0.0]), WEIGHTS)
    np.testing.assert_array_equal(problem.scale, [3.0, 6.0])


def test_a_tolerance_below_that_of_exact_targets_is_raised_to_it():
    problem = CalibrationProblem(MATRIX, TARGETS, WEIGHTS, tolerance=np.array([0.0, 0.1]))
    np.testing.assert_array_equal(problem.tolerance, [1e-6, 0.1])


def test_duplicate_entries_are_summed_in_a_copy():
    given = coo_array((np.array([1.0, 2.0, 1.0]), ([0, 0, 1], [1, 1, 0])), shape=(2, 2))
    unsorted = csr_array((np.array([2.0, 1.0]), np.array([1, 0]), np.array([0, 2])), shape=(1, 2))
    assert CalibrationProblem(given, np.ones(2), np.ones(2)).matrix.toarray().tolist() == [[0, 3], [1, 0]]
    assert CalibrationProblem(unsorted, np.ones(2), np.ones(1)).matrix.indices.tolist() == [0, 1]
    assert unsorted.indices.tolist() == [1, 0]


def test_stored_zeros_are_no_support():
    stored = csr_array((np.array([1.0, 0.0]), np.array([0, 1]), np.array([0, 2, 2, 2])), shape=(3, 2))
    with pytest.raises(SpecError, match="'net_gains' has no record"):
        CalibrationProblem(stored, TARGETS, WEIGHTS, names=NAMES)


def test_a_matrix_mapped_from_disk_is_solved_as_one_in_memory(tmp_path):
    g = np.random.default_rng(5)
    own = csr_array((g.random((300, 7)) < 0.4) * g.lognormal(0, 1, (300, 7)))
    weights = g.lognormal(2, 0.4, 300)
    parts = {"data": own.data, "indices": own.indices, "indptr": own.indptr}
    for name, part in parts.items():
        np.save(tmp_path / f"{name}.npy", part)
    mapped = csr_array(tuple(np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in parts), shape=own.shape)
    solved = [
        make_calibrator("entropy").solve(CalibrationProblem(matrix, 1.1 * (own.T @ weights), weights)).weights
        for matrix in (own, mapped)
    ]
    assert solved[0].tobytes() == solved[1].tobytes()
    np.testing.assert_array_equal(mapped.indices, own.indices)


def test_pages_are_given_back_only_where_nothing_can_be_lost(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(10_000))
    private = np.load(tmp_path / "a.npy", mmap_mode="c")
    private[5000] = -1
    for array in (private, np.arange(3), np.load(tmp_path / "a.npy", mmap_mode="r")[10:]):
        before = array.copy()
        release(array)
        np.testing.assert_array_equal(array, before)


def test_sums_by_block_equal_one_product(monkeypatch):
    monkeypatch.setattr("microplex_spec.calibrate.problem.BLOCK_NONZEROS", 7)
    g = np.random.default_rng(0)
    dense = g.normal(size=(50, 6)) * (g.random((50, 6)) < 0.4)
    weights = g.random(50)
    np.testing.assert_allclose(weighted_sums(csr_array(dense), weights), dense.T @ weights)
    np.testing.assert_allclose(weighted_sums(csr_array(dense), weights, absolute=True), np.abs(dense).T @ weights)


def test_what_weights_within_bounds_can_reach_is_known_by_target():
    problem = CalibrationProblem(MATRIX, TARGETS, WEIGHTS)
    lowest, highest = problem.reachable(0.5, 2.0)
    np.testing.assert_allclose(lowest, [1.0, 0.5 * 4 - 2.0 * 2])
    np.testing.assert_allclose(highest, [4.0, 2.0 * 4 - 0.5 * 2])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"matrix": np.array([1.0, 2.0])}, "one row a record and one column a target"),
        ({"matrix": np.ones((2, 2, 2))}, "no table of numbers"),
        ({"matrix": None}, "no table of numbers"),
        ({"matrix": np.array([["a", "b"]])}, "no table of numbers"),
        ({"matrix": MATRIX.astype(complex)}, "complex128"),
        ({"targets": ["a", "b"]}, "the target values are no numbers"),
        ({"initial_weights": ["a", "b", "c"]}, "the initial weights are no numbers"),
        ({"initial_weights": WEIGHTS[:, None]}, f"{WEIGHTS.size} x 1 initial weights are given"),
        ({"tolerance": "tight"}, "the tolerances are no numbers"),
        ({"bounds": "wide"}, "the bounds of weight ratios are no numbers"),
        ({"bounds": 2.0}, "2.0 are no bounds"),
        ({"bounds": (0.1, 2, 3)}, "are no bounds of weight ratios"),
    ],
)
def test_what_is_no_calibration_problem_at_all_is_told_as_such(change, said):
    given = {"matrix": MATRIX, "targets": TARGETS, "initial_weights": WEIGHTS} | change
    with pytest.raises(SpecError, match=said):
        CalibrationProblem(**given)
