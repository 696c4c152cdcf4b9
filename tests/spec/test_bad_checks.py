"""Faults of checks.yaml: each told once, where it stands, with the nearest name."""

import pytest
from fault_case import Case

GOOD = """\
- id: weights.size
  reason: why
  metric: ess_share
  min: 0.1
- id: fit.test
  severity: warn
  reason: why
  targets: {agency: Test agency}
  within: 0.1
  share_at_least: 0.5
  exceptions:
    - {owner: ann, expires: 2030-01-31, reason: reviewed, targets: [small.dividends.*, small.population.*]}
- id: draws.dividends
  reason: why
  metric: ks_donor
  variable: dividends
  max: 0.5
"""
FILE = "checks.yaml"
CASES = {
    "no kind": Case(
        FILE, "  metric: ess_share\n  min: 0.1\n", "", "id: weights.size", "the check does not say what is checked ...",
    ),
    "two kinds": Case(
        FILE, "  min: 0.1", "  min: 0.1\n  benchmark: x", "id: weights.size",
        "the check is both of metric and benchmark (give one of metric, targets, weights, benchmark, baseline)",
    ),
    "unknown key": Case(FILE, "min: 0.1", "mni: 0.1", "mni", "unknown key 'mni' (did you mean 'min'?)"),
    "no reason": Case(
        FILE, "weights.size\n  reason: why", "weights.size", "id: weights.size", "check 'weights.size' lacks 'reason'",
    ),
    "no bound": Case(
        FILE, "  min: 0.1\n", "", "id: weights.size", "check 'weights.size': give min or max",
    ),
    "unknown severity": Case(
        FILE, "severity: warn", "severity: warning", "warning",
        "check 'fit.test': severity cannot be 'warning' (did you mean 'warn'?)",
    ),
    "unknown metric": Case(
        FILE, "ess_share", "ess_shares", "ess_shares", "unknown metric 'ess_shares' (did you mean 'ess_share'?)",
    ),
    "a figure of variables without one": Case(
        FILE, "ess_share", "ks_truth", "ks_truth",
        "ks_truth is a figure of one imputed variable (say of which: variable:)",
    ),
    "a figure of the run with a variable": Case(
        FILE, "ks_donor", "n_zero", "n_zero", "n_zero is a figure of the whole run (take 'variable' out)",
    ),
    "unknown variable": Case(
        FILE, "variable: dividends", "variable: dividend", "dividend",
        "unknown imputed variable 'dividend' (did you mean 'dividends'?)",
    ),
    "unknown agency": Case(
        FILE, "Test agency", "Tset agency", "Tset agency", "unknown agency 'Tset agency' (did you mean 'Test agency'?)",
    ),
    "a glob of an exception that nothing matches": Case(
        FILE, "small.dividends.*", "small.nothing.*", "small.nothing.*",
        "unknown target or glob of targets 'small.nothing.*'...",
    ),
    "a date that is none": Case(
        FILE, "2030-01-31", "2030-02-31", "2030-02-31",
        "check 'fit.test': exceptions.0.expires must be a day such as 2026-06-30, got '2030-02-31'",
    ),
    "an exception without an owner": Case(
        FILE, "owner: ann, ", "", "{expires", "check 'fit.test' lacks 'owner' in exceptions.0",
    ),
    "an id twice": Case(
        FILE, "id: fit.test\n  severity", "id: weights.size\n  severity", "weights.size",
        "check 'weights.size' stands twice (first at conf/specs/small/checks.yaml:1:3)",
    ),
    "an unknown benchmark": Case(
        FILE, "metric: ess_share\n  min: 0.1", "benchmark: eitc\n  max_error: 1", "eitc", "unknown benchmark 'eitc'",
    ),
    "weights without a cap": Case(
        FILE, "metric: ess_share\n  min: 0.1", "weights: {}", "{}",
        "check 'weights.size': weights must give one of max_ratio, ...",
    ),
    "a baseline that is no run": Case(
        FILE, "metric: ess_share\n  min: 0.1", "baseline: runs/small/x\n  variable: dividends\n  max_ks: 0.1",
        "runs/small/x", "no run with tables at runs/small/x (build one first)",
    ),
}  # fmt: skip


@pytest.fixture
def checked(small_project):
    small_project.append("checks.yaml", GOOD)
    return small_project


def test_good_checks_are_read(checked):
    assert [check.id for check in checked.load().checks] == ["weights.size", "fit.test", "draws.dividends"]


@pytest.mark.parametrize("what", CASES)
def test_a_fault_is_told_where_it_stands(checked, what):
    CASES[what].check(checked)


def test_a_file_that_is_no_list_is_told(small_project):
    small_project.append("checks.yaml", "checks: []\n")
    (told,) = small_project.errors()
    assert told.endswith("the file must list checks (each begins with '- id: ...')")
