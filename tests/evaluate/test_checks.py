"""Judging a run by its checks: what passes, fails, is excepted, and what cannot be judged."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microplex_spec.evaluate.checks import COLUMNS, Figures, judge

TODAY = date(2026, 3, 1)
GOOD = {"owner": "ann", "expires": "2026-03-01", "reason": "reviewed"}
OVER = {"owner": "ann", "expires": "2026-02-28", "reason": "reviewed"}


def target(name: str, error: float, role: str = "fit", status: str = "", **columns) -> dict:
    status = status or {"fit": "fitted"}.get(role, role)
    row = {"id": name, "role": role, "status": status, "rel_error_final": error, "rel_error_held_out": 4 * error}
    return row | {"tolerance": 0.05, "family": "income", "agency": "IRS"} | columns


TARGETS = [
    target("us.a", 0.01),
    target("us.b", -0.2),
    target("us.c", 0.04, agency="Census", family="people"),
    target("us.d", 0.5, role="holdout"),
    target("us.e", 3.0, status="unsupported"),
]


def columns_of(run: str, variable: str) -> tuple[np.ndarray, np.ndarray]:
    if run == "gone":
        raise ValueError("gone has no such table")
    values = np.array([0.0, 0.0, 1.0, 3.0]) if run else np.array([0.0, 1.0, 1.0, 3.0])
    return values, np.ones(4)


FIGURES = Figures(
    metrics={"ess_share": 0.4, "holdout_median_error": None, "n": 10, "n_zero": 1, "max_ratio": 10.000000000000002},
    targets=pd.DataFrame(TARGETS),
    benchmarks=pd.DataFrame([{"id": "eitc", "computed": 80.0, "rel_error": -0.2}]),
    imputation=pd.DataFrame([{"variable": "dividends", "ks_donor": 0.03, "ks_truth": np.nan}]),
    weighted=columns_of,
)


def judged(kind: str, exceptions=(), **fields) -> dict:
    check = {"id": "c", "kind": kind, "severity": "error", "reason": "why", "exceptions": exceptions, **fields}
    return judge(check, FIGURES, TODAY)


PASSING = {
    "a metric above its least": ("metric", {"metric": "ess_share", "min": 0.4}),
    "a figure of a variable": ("metric", {"metric": "ks_donor", "variable": "dividends", "max": 0.03}),
    "a share of the targets": ("targets", {"targets": {}, "within": 0.1, "share_at_least": 0.66}),
    "targets of an agency": ("targets", {"targets": {"agency": "Census"}, "within": 0.1}),
    "targets of a family": ("targets", {"targets": {"family": "people"}, "within": 0.04}),
    "targets within their own tolerance": ("targets", {"targets": {"ids": ["us.a", "us.c"]}}),
    "held-out targets": ("targets", {"targets": {"role": "holdout"}, "within": 0.5}),
    "a ratio at the bound, but for rounding": ("weights", {"weights": {"max_ratio": 10, "max_zero_share": 0.1}}),
    "a benchmark's error": ("benchmark", {"benchmark": "eitc", "max_error": 0.2}),
    "a benchmark's range": ("benchmark", {"benchmark": "eitc", "min": 80, "max": 90}),
    "a distribution that moved little": (
        "baseline", {"baseline": "runs/a", "variable": "x", "max_ks": 0.25, "max_mean_change": 0.3},
    ),
}  # fmt: skip
FAILING = {
    "a metric below its least": ("metric", {"metric": "ess_share", "min": 0.41}, "ess_share is 0.4"),
    "a metric that the run lacks": (
        "metric", {"metric": "holdout_median_error", "max": 1}, "the run has no holdout_median_error",
    ),
    "a truth that is not known": (
        "metric", {"metric": "ks_truth", "variable": "dividends", "max": 1}, "the run has no ks_truth of dividends",
    ),
    "too few targets": (
        "targets", {"targets": {}, "within": 0.1, "share_at_least": 0.67}, "2 of 3 within 0.1; us.b 20.0% off",
    ),
    "targets judged by held-out errors": (
        "targets", {"targets": {"ids": ["us.a"]}, "within": 0.03, "error": "held_out"},
        "0 of 1 within 0.03; us.a 4.0% off",
    ),
    "no target that was fitted": (
        "targets", {"targets": {"ids": ["us.e"]}, "within": 9}, "no such target was fitted with an error that is known",
    ),
    "one cap of several": ("weights", {"weights": {"max_ratio": 9, "max_zero_share": 0.1}}, "max_ratio is 10"),
    "a benchmark too far off": ("benchmark", {"benchmark": "eitc", "max_error": 0.19}, "error of eitc is 0.2"),
    "a benchmark out of range": ("benchmark", {"benchmark": "eitc", "min": 81}, "eitc is 80"),
    "a distribution": ("baseline", {"baseline": "runs/a", "variable": "x", "max_ks": 0.2}, "KS of x is 0.25"),
    "a mean": (
        "baseline", {"baseline": "runs/a", "variable": "x", "max_mean_change": 0.2}, "change of the mean of x is 0.25",
    ),
    "zeros": (
        "baseline", {"baseline": "runs/a", "variable": "x", "max_zero_change": 0.2},
        "change of the share of zeros of x is 0.25",
    ),
    "a run that lost its tables": (
        "baseline", {"baseline": "gone", "variable": "x", "max_ks": 1}, "gone has no such table",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", PASSING)
def test_what_holds_passes(what):
    kind, fields = PASSING[what]
    row = judged(kind, **fields)
    assert row["status"] == "passed", row
    assert tuple(row) == COLUMNS


@pytest.mark.parametrize("what", FAILING)
def test_what_does_not_hold_or_cannot_be_judged_fails_and_says_what_was_found(what):
    kind, fields, found = FAILING[what]
    row = judged(kind, **fields)
    assert (row["status"], row["found"]) == ("failed", found)


def test_an_exception_is_good_through_its_last_day_and_counts_again_after_it():
    row = judged("metric", [GOOD], metric="ess_share", min=0.5)
    assert (row["status"], row["owner"], row["expires"]) == ("excepted", "ann", "2026-03-01")
    row = judged("metric", [OVER], metric="ess_share", min=0.5)
    assert (row["status"], row["owner"]) == ("failed", "")
    assert row["found"] == "ess_share is 0.4; the exception of ann ended on 2026-02-28"


def test_an_exception_of_a_check_that_holds_changes_nothing():
    row = judged("metric", [GOOD, OVER], metric="ess_share", min=0.1)
    assert (row["status"], row["found"], row["owner"]) == ("passed", "ess_share is 0.4", "")


def test_excepted_targets_are_left_out_until_their_day():
    fields = {"targets": {}, "within": 0.1}
    row = judged("targets", [{**GOOD, "targets": ["us.b"]}], **fields)
    assert (row["status"], row["found"], row["owner"]) == ("passed", "2 of 2 within 0.1, 1 excepted", "ann")
    assert judged("targets", [{**OVER, "targets": ["us.b"]}], **fields)["status"] == "failed"
    # With nothing left to judge, the exception stands for the check; without it, the check fails.
    only = {"targets": {"ids": ["us.b"]}, "within": 0.1}
    row = judged("targets", [{**GOOD, "targets": ["us.b"]}], **only)
    assert (row["status"], row["found"], row["owner"]) == ("excepted", "all 1 targets are excepted", "ann")
    assert judged("targets", [{**OVER, "targets": ["us.b"]}], **only)["status"] == "failed"
    # The others still count: leaving out one target is no exception for the rest.
    assert judged("targets", [{**GOOD, "targets": ["us.a"]}], **fields)["status"] == "failed"


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_check_fails_exactly_beyond_its_limit(value, limit):
    figures = Figures({"n": value}, FIGURES.targets, FIGURES.benchmarks, FIGURES.imputation, columns_of)
    check = {"id": "c", "kind": "metric", "severity": "error", "metric": "n", "max": limit}
    status = judge(check, figures, TODAY)["status"]
    assert status == ("passed" if value <= limit + 1e-9 * abs(limit) else "failed")
