"""Calibration on synthetic records, with the package's own calibrators as solvers."""

import numpy as np
import pytest

from microplex_spec.calibrate import CalibrationProblem, make_calibrator
from microplex_spec.evaluate.calibrated_synthesis import calibrate_synthesis
from microplex_spec.spec.errors import SpecError


def entropy(matrix, targets, weights):
    return make_calibrator("entropy").solve(CalibrationProblem(matrix, targets, weights)).weights


def records(rows, seed):
    """Amounts of two kinds and membership of two cells."""
    rng = np.random.default_rng(seed)
    age = rng.random(rows)
    return np.column_stack([rng.lognormal(1, 1, rows), rng.normal(2, 3, rows), age > 0.8, age < 0.3])


def test_records_of_the_same_kind_are_brought_to_the_real_totals():
    real, synthetic = records(2_000, 0), records(700, 1)
    result = calibrate_synthesis(real, synthetic, entropy, real_weights=np.linspace(1, 3, 2_000))
    assert 0 < result.error_before < 0.2
    assert result.error_after < 1e-6
    np.testing.assert_allclose(result.weights @ synthetic, np.linspace(1, 3, 2_000) @ real, rtol=1e-6)
    assert 0.9 < result.ess_share <= 1 and result.unsupported == 0


def test_size_alone_is_no_error_and_one_that_keeps_its_weights_stays_where_it_was():
    real = records(500, 0)
    result = calibrate_synthesis(real, np.tile(real, (3, 1)), lambda matrix, targets, weights: weights)
    np.testing.assert_allclose(result.before, 0, atol=1e-12)
    np.testing.assert_array_equal(result.before, result.after)
    assert result.weights.sum() == pytest.approx(500)


def test_errors_are_signed_shares_of_the_target_by_hand():
    real, synthetic = np.array([[10.0, 1.0, 0.0], [30.0, 0.0, 0.0]]), np.array([[25.0, 0.0, 4.0]])
    asked = {}

    def solve(matrix, targets, weights):
        asked.update(shape=matrix.shape, targets=targets.tolist(), weights=weights.tolist())
        return np.array([1.6])

    result = calibrate_synthesis(real, synthetic, solve)
    assert asked == {"shape": (1, 2), "targets": [40.0, 1.0], "weights": [2.0]}
    np.testing.assert_allclose(result.before, [0.25, -1, np.nan])
    np.testing.assert_allclose(result.after, [0, -1, np.nan])
    assert (result.error_before, result.error_after) == (pytest.approx(0.625), pytest.approx(0.5))
    assert result.unsupported == 1


@pytest.mark.parametrize(
    ("real", "synthetic", "message"),
    [
        (np.zeros((3, 2)), np.ones((3, 2)), "every real total is zero"),
        (np.ones((3, 2)), np.ones((3, 3)), "2 columns, synthetic rows 3"),
        (np.ones((3, 2)), np.full((3, 2), np.nan), "synthetic rows: column 0 has 3 missing"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(real, synthetic, message):
    with pytest.raises(SpecError, match=message):
        calibrate_synthesis(real, synthetic, entropy)


def test_a_solver_that_returns_no_weights_is_told():
    with pytest.raises(SpecError, match="calibrated weights: 1 rows where 3 are needed"):
        calibrate_synthesis(np.ones((3, 1)), np.ones((3, 1)), lambda matrix, targets, weights: np.ones(1))
