"""The compiled passes against the same sums in dense numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from microplex_spec.calibrate import CalibrationProblem, make_calibrator
from microplex_spec.calibrate import _dual_kernel as kernel
from microplex_spec.calibrate.distances import Distance, linear, logit, raking
from microplex_spec.calibrate.dual import Dual

DISTANCES = [raking(), linear(), logit(0.1, 10.0)]


def dual_of(seed: int, n: int, k: int, distance: Distance) -> tuple[Dual, np.ndarray, np.random.Generator]:
    g = np.random.default_rng(seed)
    dense = g.normal(size=(n, k)) * (g.random((n, k)) < 0.5)
    dense[0] = 1.0
    weights = g.lognormal(0, 1, n) * (g.random(n) < 0.9)
    weights[0] = 1.0
    problem = CalibrationProblem(csr_array(dense), g.normal(size=k), weights)
    dual = Dual(problem, distance, seed=0)
    dual.variance = g.random(k)
    return dual, dense, g


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 200), k=st.integers(1, 12), kind=st.integers(0, 2))
def test_value_gradient_and_weights_equal_dense_sums(seed, n, k, kind):
    distance = DISTANCES[kind]
    dual, dense, g = dual_of(seed, n, k, distance)
    m = 0.2 * g.normal(size=k)
    value, gradient, _ = dual.evaluate(m)
    ratio, primitive = distance.evaluate(dense @ m)
    weights = dual.w0 * ratio
    np.testing.assert_allclose(dual.weights, weights, rtol=1e-10)
    np.testing.assert_allclose(gradient, dense.T @ weights - dual.targets + dual.variance * m, rtol=1e-8, atol=1e-9)
    expected = dual.w0 @ primitive - dual.targets @ m + 0.5 * dual.variance @ m**2
    assert value == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), kind=st.integers(0, 2))
def test_the_gradient_equals_finite_differences_of_the_value(seed, kind):
    dual, _, g = dual_of(seed, 60, 5, DISTANCES[kind])
    m, direction, h = 0.2 * g.normal(size=5), g.normal(size=5), 1e-5
    _, gradient, size = dual.evaluate(m)
    rise = dual.evaluate(m + h * direction)[0] - dual.evaluate(m - h * direction)[0]
    assert rise / (2 * h) == pytest.approx(gradient @ direction, rel=1e-4, abs=1e-4 * max(1.0, size))


@pytest.mark.parametrize("distance", DISTANCES)
def test_the_preconditioner_inverts_the_hessian(distance):
    dual, dense, g = dual_of(5, 300, 9, distance)
    dual.evaluate(0.1 * g.normal(size=9))
    curvature = dual.w0 * distance.slope(np.divide(dual.weights, dual.w0, out=np.ones(300), where=dual.w0 > 0))
    hessian = dense.T @ (curvature[:, None] * dense) + np.diag(dual.variance)
    gradient = g.normal(size=9)
    np.testing.assert_allclose(hessian @ dual.precondition()(gradient), gradient, rtol=1e-3, atol=1e-3)


def test_a_gram_matrix_over_sampled_rows_equals_the_dense_one():
    dual, dense, g = dual_of(6, 200, 11, raking())
    rows = np.flatnonzero(g.random(200) < 0.4)
    curvature, scale, gram = g.random(rows.size), g.random(11), np.zeros((11, 11))
    starts, member, position = kernel.by_column(dual.csr[0], dual.csr[1], rows, 11)
    kernel.gram_pass(*dual.csr, rows, curvature, scale, starts, member, position, gram)
    scaled = dense[rows] * scale
    np.testing.assert_allclose(gram, np.triu(scaled.T @ (curvature[:, None] * scaled)), rtol=1e-10, atol=1e-12)


def test_chunks_cover_every_row_once_even_when_rows_are_fewer_than_chunks():
    for sizes in ([0, 3, 0, 5], [1] * 1000, [7]):
        edges = kernel.chunk_edges(np.concatenate([[0], np.cumsum(sizes)]))
        assert edges[0] == 0
        assert edges[-1] == len(sizes)
        assert (np.diff(edges) >= 0).all()
        assert edges.size == kernel.CHUNKS + 1


def large_problem() -> CalibrationProblem:
    g = np.random.default_rng(8)
    dense = (g.random((4000, 60)) < 0.2) * g.lognormal(0, 1, (4000, 60))
    weights = g.lognormal(3, 0.5, 4000)
    targets = dense.T @ (weights * np.exp(g.normal(0, 0.3, 4000)))
    return CalibrationProblem(csr_array(dense), targets, weights)


@pytest.mark.parametrize("setting", ["sampled Gram matrix", "diagonal alone"])
def test_a_rougher_preconditioner_leads_to_the_same_weights(monkeypatch, setting):
    problem = large_problem()
    reference = make_calibrator("entropy").solve(problem)
    if setting == "diagonal alone":
        monkeypatch.setattr("microplex_spec.calibrate.dual.LARGEST_FACTOR", 10)
    else:
        monkeypatch.setattr("microplex_spec.calibrate.dual.EXACT_GRAM_PRODUCTS", 1.0)
        monkeypatch.setattr("microplex_spec.calibrate.dual.SAMPLE_RECORDS", (600, 600))
    result = make_calibrator("entropy").solve(problem, seed=3)
    assert result.converged
    assert result.iterations > reference.iterations
    np.testing.assert_allclose(result.weights, reference.weights, rtol=1e-4)
