"""What a calibration problem refuses, and what its scale and tolerance mean."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_array, csr_array

from microplex_spec.calibrate import CalibrationProblem
from microplex_spec.calibrate.problem import weighted_sums
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
        ({"targets": np.ones(3)}, "2 targets, but 3 target values"),
        ({"names": ["people"]}, "2 targets, but 1 names"),
        ({"matrix": csr_array((3, 0)), "targets": np.ones(0), "names": []}, "matrix is empty"),
        ({"matrix": csr_array(np.array([[1.0, 0], [1, 0], [0, 0]]))}, "'net_gains' has no record"),
        ({"matrix": csr_array(np.array([[1.0, 0], [1, np.inf], [0, 1]]))}, "'net_gains' has records whose value"),
        ({"tolerance": np.array([0.1, -0.1])}, "target 'net_gains' has the tolerance -0.1"),
        ({"tolerance": np.ones(3)}, "2 targets, but 3 tolerances"),
        ({"bounds": (1.0, 2.0)}, "lower bound of weight ratios is 1.0"),
        ({"bounds": (0.5, 1.0)}, "upper bound of weight ratios is 1.0"),
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
