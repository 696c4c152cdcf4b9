"""Distances: ratio functions that start at 1 with slope 1, rise, keep their bounds and match their primitives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microplex_spec.calibrate.distances import linear, logit, raking

DISTANCES = {
    "raking": raking(),
    "raking within bounds": raking(0.2, 5.0),
    "linear": linear(-np.inf, np.inf),
    "linear at zero or above": linear(),
    "linear within bounds": linear(0.3, 2.0),
    "logit": logit(0.1, 10.0),
    "logit, narrow": logit(0.9, 1.05),
    "logit, wide": logit(1e-9, 1e4),
}
every_distance = pytest.mark.parametrize("distance", DISTANCES.values(), ids=DISTANCES.keys())
far = st.floats(-1e6, 1e6)


@every_distance
def test_a_ratio_is_one_with_slope_one_at_zero(distance):
    h = 1e-6
    ratio, primitive = distance.evaluate(np.array([-h, 0.0, h]))
    assert ratio[1] == pytest.approx(1.0, abs=1e-15)
    assert primitive[1] == 0.0
    assert (ratio[2] - ratio[0]) / (2 * h) == pytest.approx(1.0, rel=1e-6)


@every_distance
@given(a=far, b=far)
def test_a_ratio_never_falls_and_stays_within_bounds(distance, a, b):
    ratio, _ = distance.evaluate(np.array([min(a, b), max(a, b)]))
    assert ratio[0] <= ratio[1] or ratio[0] == pytest.approx(ratio[1], rel=1e-15)
    assert not np.isnan(ratio).any()
    assert (ratio >= distance.lower).all()
    assert (ratio <= distance.upper).all()


@every_distance
@given(e=st.floats(-20, 20))
def test_a_primitive_has_the_ratio_as_its_derivative(distance, e):
    h = 1e-5
    ratio, primitive = distance.evaluate(np.array([e - h, e, e + h]))
    middle = (primitive[2] - primitive[0]) / (2 * h)
    assert middle == pytest.approx(ratio[1], rel=1e-4, abs=1e-5 * max(1, abs(primitive[1])))


@every_distance
@given(e=far)
def test_a_primitive_is_convex_and_never_nan_however_far_out(distance, e):
    step = 1 + abs(e) * 1e-3
    _, primitive = distance.evaluate(np.array([e - step, e, e + step]))
    assert not np.isnan(primitive).any()
    if np.isfinite(primitive).all():
        assert 2 * primitive[1] <= primitive[0] + primitive[2] + 1e-12 * np.abs(primitive).max()


@every_distance
@given(e=st.floats(-6, 6))
def test_a_slope_is_the_derivative_of_the_ratio_where_that_is_smooth(distance, e):
    h = 1e-5
    ratio, _ = distance.evaluate(np.array([e - h, e, e + h]))
    if (ratio == distance.lower).any() or (ratio == distance.upper).any():
        return
    slope = distance.slope(ratio)[1]
    assert slope == pytest.approx((ratio[2] - ratio[0]) / (2 * h), rel=1e-3, abs=1e-5)
