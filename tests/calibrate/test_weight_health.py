"""Figures of a weight vector."""

from __future__ import annotations

import numpy as np
import pytest

from microplex_spec.calibrate.health import weight_health


def test_equal_weights_have_an_effective_size_of_all_records():
    health = weight_health(np.full(8, 3.0), np.full(8, 3.0))
    assert health["ess"] == pytest.approx(8)
    assert health["ess_share"] == pytest.approx(1)
    assert (health["min_ratio"], health["median_ratio"], health["max_ratio"]) == (1, 1, 1)


def test_zeros_and_records_at_their_caps_are_counted():
    initial = np.array([1.0, 1.0, 1.0, 2.0, 0.0])
    health = weight_health(np.array([0.1, 5.0, 0.0, 9.95, 0.0]), initial, bounds=(0.1, 5.0))
    assert health["n_zero"] == 2
    assert health["cap_hits_lower"] == 2
    assert health["cap_hits_upper"] == 2
    assert health["max_ratio"] == 5.0


def test_without_bounds_nothing_hits_a_cap():
    health = weight_health(np.array([0.0, 1e9]), np.ones(2))
    assert health["cap_hits_lower"] == health["cap_hits_upper"] == 0


def test_weights_of_another_file_are_refused():
    with pytest.raises(ValueError, match="shape"):
        weight_health(np.ones(2), np.ones(3))
