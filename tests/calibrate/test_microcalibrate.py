"""The gradient calibrator: it nears its targets, turns negative ones, names those it leaves out, disturbs nothing."""

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from microplex_spec.calibrate import CalibrationProblem, make_calibrator
from microplex_spec.spec.errors import SpecError

N, K = 400, 6


def system() -> tuple[csr_array, np.ndarray, np.ndarray]:
    g = np.random.default_rng(5)
    matrix = csr_array(random_array((N, K), density=0.4, rng=g, data_sampler=lambda size: g.lognormal(0, 1, size)))
    initial = g.lognormal(3, 0.5, N)
    return matrix, matrix.T @ (initial * np.exp(g.normal(0, 0.3, N))), initial


def test_five_hundred_epochs_come_within_a_thousandth():
    matrix, targets, initial = system()
    result = make_calibrator("microcalibrate").solve(CalibrationProblem(matrix, targets, initial, tolerance=1e-3))
    assert result.converged, result.reason
    assert result.iterations == 500


def test_a_negative_target_is_fitted_like_its_mirror_image():
    matrix, targets, initial = system()
    turned = matrix.copy()
    turned.data[turned.indices == 2] *= -1
    signs = np.where(np.arange(K) == 2, -1, 1)
    plain, mirrored = (
        make_calibrator("microcalibrate", epochs=50).solve(CalibrationProblem(a, t, initial)).weights
        for a, t in ((matrix, targets), (turned, targets * signs))
    )
    np.testing.assert_array_equal(plain, mirrored)


def test_units_decide_nothing():
    matrix, targets, initial = system()
    units = 10.0 ** np.array([-9, -3, 0, 2, 6, 13])
    plain, scaled = (
        make_calibrator("microcalibrate", epochs=50).solve(CalibrationProblem(a, t, initial)).weights
        for a, t in ((matrix, targets), (csr_array(matrix * units), targets * units))
    )
    np.testing.assert_allclose(plain, scaled, rtol=1e-4)


def test_the_epochs_are_told_in_the_right_number():
    for epochs, told in ((1, "1 epoch of"), (2, "2 epochs of")):
        result = make_calibrator("microcalibrate", epochs=epochs).solve(CalibrationProblem(*system()))
        assert told in result.reason


def test_a_target_of_zero_is_left_out_by_name():
    matrix, targets, initial = system()
    centred = matrix.toarray()
    centred[:, 3] -= centred[:, 3].mean()
    targets[3] = 0.0
    problem = CalibrationProblem(csr_array(centred), targets, initial, names=[f"t{j}" for j in range(K)])
    result = make_calibrator("microcalibrate", epochs=20).solve(problem)
    assert "1 targets of zero left out, which have no relative error: t3" in result.reason


def test_records_without_weight_stay_without():
    matrix, targets, initial = system()
    initial[::5] = 0
    result = make_calibrator("microcalibrate", epochs=20).solve(CalibrationProblem(matrix, targets, initial))
    assert (result.weights[::5] == 0).all() and (result.weights[1::5] > 0).all()


def test_batches_of_records_come_to_the_same_weights():
    matrix, targets, initial = system()
    problem = CalibrationProblem(matrix, targets, initial)
    whole, cut = (make_calibrator("microcalibrate", epochs=100, batch_size=size).solve(problem) for size in (None, 90))
    np.testing.assert_allclose(cut.weights, whole.weights, rtol=1e-3)


def test_the_random_state_and_threads_of_torch_are_as_they_were(capsys):
    import torch

    matrix, targets, initial = system()
    torch.manual_seed(3)
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    make_calibrator("microcalibrate", epochs=3).solve(CalibrationProblem(matrix, targets, initial), seed=9)
    assert torch.equal(torch.random.get_rng_state(), before) and torch.get_num_threads() == threads
    told = capsys.readouterr()
    assert told.out == told.err == ""


@pytest.mark.parametrize(
    "params", [{"epochs": 0}, {"epochs": 2.5}, {"learning_rate": 0}, {"learning_rate": "fast"}, {"batch_size": 0}]
)
def test_parameters_out_of_range_are_refused(params):
    with pytest.raises(SpecError, match=next(iter(params))):
        make_calibrator("microcalibrate", **params)


def test_bounds_are_refused():
    matrix, targets, initial = system()
    with pytest.raises(SpecError, match="keeps no bounds"):
        make_calibrator("microcalibrate").solve(CalibrationProblem(matrix, targets, initial, bounds=(0.5, 2)))
