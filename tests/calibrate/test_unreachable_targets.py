"""Targets that no weights within the bounds can meet, and units that look wrong."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from microplex_spec.calibrate.target_matrix import estimates, settled
from microplex_spec.calibrate.unreachable import ratio_range, refuse_unreachable, unit_suspicion


def ledger_of(matrix, weights, rows) -> pd.DataFrame:
    """rows: (value, fit, numerator, denominator, tolerance)."""
    ledger = pd.DataFrame(rows, columns=["value", "fit", "numerator", "denominator", "tolerance"])
    ledger = ledger.assign(id=[f"t{i}" for i in range(len(rows))], role="fit", status="fitted", reason="", se=np.nan)
    ledger = settled(matrix, ledger, weights)
    ledger["initial"] = estimates(matrix, ledger, weights)
    return ledger.assign(stretch=ledger["value"] / ledger["initial"])


def test_totals_out_of_reach_tell_their_range_and_stretch():
    matrix, weights = csr_matrix(np.array([[1.0, 5.0], [1.0, -2.0]], dtype=np.float32)), np.array([10.0, 10.0])
    ledger = ledger_of(matrix, weights, [(250.0, 0, 0, -1, 0.05), (19.0, 0, 0, -1, 0.05), (-90.0, 1, 1, -1, 0.05)])
    found = refuse_unreachable(matrix, ledger, weights, (0.1, 10.0))
    assert found["status"].tolist() == ["unreachable", "fitted", "fitted"]
    assert (
        found["reason"][0]
        == "out of reach: ratios of 0.1 to 10 give 2 to 200; the value is 12.5 times the initial estimate"
    )
    assert (ledger["status"] == "fitted").all()


def test_a_value_of_zero_out_of_reach_is_told_in_words():
    matrix, weights = csr_matrix(np.ones((2, 1), dtype=np.float32)), np.ones(2)
    found = refuse_unreachable(matrix, ledger_of(matrix, weights, [(0.0, 0, 0, -1, 0.0)]), weights, (0.1, 10.0))
    assert found["reason"][0].endswith("give 0.2 to 20; the value is zero, and the initial estimate is not")


def test_a_target_just_within_its_tolerance_of_the_reach_stays():
    matrix, weights = csr_matrix(np.ones((2, 1), dtype=np.float32)), np.ones(2)
    ledger = ledger_of(matrix, weights, [(20.9, 0, 0, -1, 0.05), (21.2, 0, 0, -1, 0.05)])
    assert refuse_unreachable(matrix, ledger, weights, (0.1, 10.0))["status"].tolist() == ["fitted", "unreachable"]


@pytest.mark.parametrize(
    ("stretch", "said"),
    [
        (1.2e-3, "in thousands"), (2.5e-6, "in millions"), (4e2, "a thousand times too large"),
        (1.1e6, "a million times too large"), (12.0, ""), (1e5, ""), (-1e-3, ""), (np.nan, ""),
    ],
)  # fmt: skip
def test_a_stretch_near_a_thousand_or_a_million_names_the_unit(stretch, said):
    suspicion = unit_suspicion(stretch)
    assert suspicion.startswith(f"the value looks to be {said}") if said else not suspicion


def test_a_figure_in_thousands_is_told_as_such():
    matrix, weights = csr_matrix(np.ones((4, 1), dtype=np.float32)), np.full(4, 1e6)
    found = refuse_unreachable(matrix, ledger_of(matrix, weights, [(4100.0, 0, 0, -1, 0.05)]), weights, (0.1, 10.0))
    assert found["reason"][0].endswith(
        "the value is 0.001025 times the initial estimate: the value looks to be in thousands"
    )


def test_a_figure_in_thousands_that_wide_bounds_would_meet_is_fitted_but_told():
    matrix, weights = csr_matrix(np.ones((4, 1), dtype=np.float32)), np.full(4, 1e6)
    rows = [(4100.0, 0, 0, -1, 0.05), (4.1e6, 0, 0, -1, 0.05)]
    found = refuse_unreachable(matrix, ledger_of(matrix, weights, rows), weights, (0.0, np.inf))
    assert found["status"].tolist() == ["fitted", "fitted"]
    assert found["reason"].tolist() == ["fitted as it is, but the value looks to be in thousands", ""]


@pytest.mark.parametrize("bounds", [(0.0, np.inf), (0.1, 10.0), (0.0, 5.0)])
def test_a_mean_beyond_every_record_of_its_domain_is_unreachable_under_any_bounds(bounds):
    x, weights = np.array([10.0, 20.0, 30.0, 99.0]), np.ones(4)
    domain = np.array([1.0, 1.0, 1.0, 0.0])
    rows, columns = [], []
    for value in (35.0, 28.0, 9.0):
        columns += [domain * (x - value), domain * x, domain]
        rows.append((value, 3 * len(rows), 3 * len(rows) + 1, 3 * len(rows) + 2, 0.05))
    matrix = csr_matrix(np.array(columns, dtype=np.float32).T)
    found = refuse_unreachable(matrix, ledger_of(matrix, weights, rows), weights, bounds)
    assert found["status"].tolist() == ["unreachable", "fitted", "unreachable"]
    assert "give 10 to 30" in found["reason"][0] or bounds[0] > 0 or np.isfinite(bounds[1])


def test_only_fit_targets_are_refused_and_none_by_weights_that_stay():
    matrix, weights = csr_matrix(np.ones((2, 1), dtype=np.float32)), np.ones(2)
    ledger = ledger_of(matrix, weights, [(900.0, 0, 0, -1, 0.05)] * 2)
    ledger.loc[0, "status"] = "holdout"
    assert refuse_unreachable(matrix, ledger, weights, (0.1, 10.0))["status"].tolist() == ["holdout", "unreachable"]
    assert refuse_unreachable(matrix, ledger, weights, (1.0, 1.0))["status"].tolist() == ["holdout", "fitted"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 7), st.sampled_from([(0.0, 3.0), (0.2, 4.0), (0.5, 1.5)]))
def test_the_range_of_a_mean_is_that_of_the_best_choice_of_extreme_weights(seed, n, bounds):
    rng = np.random.default_rng(seed)
    denominator = rng.integers(0, 4, n).astype(float)
    denominator[0] = 1.0
    numerator, weights = rng.normal(size=n) * 10 * (denominator > 0), rng.uniform(0.5, 2, n)
    choices = np.array(np.meshgrid(*[bounds] * n)).reshape(n, -1).T * weights
    below = choices @ denominator
    every = (choices @ numerator)[below > 0] / below[below > 0]
    low, high = ratio_range(numerator, denominator, weights, bounds)
    assert (low, high) == (pytest.approx(every.min(), abs=1e-9), pytest.approx(every.max(), abs=1e-9))
