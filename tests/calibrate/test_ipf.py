"""Raking over margins: what it meets, what it refuses, and that it is the entropy solution."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from microplex_spec.calibrate import CalibrationProblem, make_calibrator
from microplex_spec.spec.errors import SpecError


def crossed(seed: int, n: int = 300, groups: tuple[int, ...] = (4, 3)) -> tuple[csr_array, np.ndarray]:
    """Indicators of crossing groups, each of them with some record, and design weights."""
    g = np.random.default_rng(seed)
    parts = [np.eye(k)[g.permutation(np.arange(n) % k)] for k in groups]
    return csr_array(np.concatenate(parts, axis=1)), g.lognormal(3, 0.5, n)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_margins_are_met_with_the_weights_that_entropy_gives(seed):
    matrix, initial = crossed(seed)
    targets = matrix.T @ (initial * np.exp(np.random.default_rng(seed + 1).normal(0, 0.3, initial.size)))
    problem = CalibrationProblem(matrix, targets, initial)
    raked = make_calibrator("ipf").solve(problem)
    assert raked.converged, raked.reason
    np.testing.assert_allclose(raked.weights, make_calibrator("entropy").solve(problem).weights, rtol=1e-4)


def test_margins_that_contradict_one_another_stop_it_with_the_reason():
    matrix, initial = crossed(1)
    targets = matrix.T @ initial * np.repeat([1.0, 1.2], [4, 3])
    result = make_calibrator("ipf").solve(CalibrationProblem(matrix, targets, initial))
    assert not result.converged and result.iterations < 100
    assert "the margins contradict one another" in result.reason


def test_amounts_zero_targets_and_bounds_are_refused_all_at_once_by_name():
    matrix, initial = crossed(2)
    matrix.data[matrix.indices == 1] = 2.0
    targets = matrix.T @ initial
    targets[3] = 0.0
    names = [f"cell.{j}" for j in range(7)]
    problem = CalibrationProblem(matrix, targets, initial, bounds=(0.5, 2.0), names=names)
    with pytest.raises(SpecError) as caught:
        make_calibrator("ipf").solve(problem)
    told = [str(problem) for problem in caught.value.problems]
    assert len(told) == 3
    assert any("'cell.1' is no margin" in text for text in told)
    assert any("'cell.3' is 0" in text for text in told)
    assert any("keeps no bounds" in text for text in told)


@pytest.mark.parametrize("sweeps", [0, 1.5, True])
def test_a_cap_that_is_no_whole_number_is_refused(sweeps):
    with pytest.raises(SpecError, match="max_sweeps"):
        make_calibrator("ipf", max_sweeps=sweeps)
