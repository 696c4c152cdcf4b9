"""Builds with checks: exit codes, manifest, report and lock, exceptions over time, another run as baseline."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_project import SmallProject

from microplex_spec.cli import main
from microplex_spec.evaluate.checks import COLUMNS
from microplex_spec.execute.lock_file import read_lock
from microplex_spec.execute.run_tables import weighted_column
from microplex_spec.spec.checks import METRICS, VARIABLE_METRICS

FEW = ("build", "spec=small", "scale=smoke", "scale.households=120")
CHECKS = """\
- {id: size, reason: small files are noise, metric: ess_share, min: 0.01}
- {id: draws, severity: warn, reason: draws are as donors, metric: ks_donor, variable: dividends, max: 0.0001}
"""
FAILS = "- {id: impossible, reason: to see it fail, metric: ess_share, min: 0.999}\n"
EXCEPTION = """\
  exceptions: [{owner: ann, expires: 2000-01-01, reason: reviewed}]
"""


@pytest.fixture
def here(small_project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    monkeypatch.chdir(small_project.root)
    return small_project


def last_run(here: SmallProject) -> Path:
    return max((here.root / "runs" / "small").iterdir(), key=lambda path: path.stat().st_mtime_ns)


def manifest(here: SmallProject) -> dict:
    return json.loads((last_run(here) / "manifest.json").read_text(encoding="utf-8"))


def test_checks_are_told_in_manifest_report_lock_and_terminal_and_only_errors_count(here, capsys):
    here.append("checks.yaml", CHECKS)
    assert main(FEW) == 0
    told = capsys.readouterr()
    assert "checks                             1 of 2 passed, 1 failed" in told.out
    assert "check failed (warn): draws: ks_donor of dividends is " in told.err
    found = manifest(here)
    assert found["status"] == "done"
    assert [(c["id"], c["severity"], c["status"]) for c in found["checks"]] == [
        ("size", "error", "passed"), ("draws", "warn", "failed"),
    ]  # fmt: skip
    assert all(tuple(check) == COLUMNS for check in found["checks"])
    assert pd.read_csv(last_run(here) / "checks.csv")["id"].tolist() == ["size", "draws"]
    assert [row["id"] for row in read_lock(last_run(here) / "spec.lock.yaml")["checks"]] == ["size", "draws"]
    page = (last_run(here) / "report.html").read_text(encoding="utf-8")
    assert "a warning comes from draws" in page and "small files are noise" in page
    # A failed check of severity error ends with code 3; all that stands in the store is used again.
    here.append("checks.yaml", FAILS)
    assert main(FEW) == 3
    assert "check failed (error): impossible: ess_share is " in capsys.readouterr().err
    found = manifest(here)
    assert found["status"] == "checks_failed"
    ran = {step["id"].partition(":")[0] for step in found["steps"] if step["status"] == "done"}
    assert ran == {"evaluate", "export", "check", "report"}
    assert "not fit for use as declared" in (last_run(here) / "report.html").read_text(encoding="utf-8")
    # It was built, so that it can be gone on with, compared and diffed; resuming tells the same.
    runs = sorted((here.root / "runs" / "small").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert main(["resume", str(runs[-1])]) == 3
    assert main(["compare", *map(str, runs)]) == 0
    capsys.readouterr()
    assert main(["diff", *map(str, runs), "--json"]) == 4
    difference = json.loads(capsys.readouterr().out)
    assert [(row["object"], row["id"], row["change"]) for row in difference["spec"]] == [
        ("check", "impossible", "added")
    ]
    assert {row["id"] for row in difference["steps"]} == {"check:small", "report:small"}
    (failed,) = difference["outcomes"].pop("checks")
    assert (failed["id"], failed["old"], failed["new"]) == ("impossible", None, "failed")
    assert not any(difference["outcomes"].values())


def test_an_exception_past_its_day_counts_again(here, capsys):
    here.append("checks.yaml", "- id: impossible\n  reason: why\n  metric: ess_share\n  min: 0.999\n" + EXCEPTION)
    assert main(FEW) == 3
    assert "the exception of ann ended on 2000-01-01" in capsys.readouterr().err
    here.edit("checks.yaml", "2000-01-01", "9000-01-01")
    assert main(FEW) == 0
    assert "check excepted until 9000-01-01 by ann: impossible" in capsys.readouterr().out
    assert manifest(here)["checks"][0]["status"] == "excepted"


def test_a_sweep_with_a_failed_check_ends_with_code_3_and_builds_nothing_twice(here, capsys):
    here.append("checks.yaml", FAILS)
    assert main([FEW[0], "-m", *FEW[1:], "seed=1,2"]) == 3
    told = capsys.readouterr()
    assert told.err.count("a check failed: ") == 2 and "2 of 2 done" in told.out
    (sweep,) = (here.root / "runs" / "sweeps").iterdir()
    before = (sweep / "0" / "manifest.json").read_bytes()
    assert main(["build", "-m", "--resume", sweep.name]) == 3
    assert (sweep / "0" / "manifest.json").read_bytes() == before


def test_distributions_are_held_against_another_run(here):
    assert main(FEW) == 0
    run = last_run(here)
    baseline = run.relative_to(here.root)
    for number, variable in enumerate(("dividends", "employment_income")):
        here.append(
            "checks.yaml",
            f"- {{id: shift.{number}, reason: why, baseline: {baseline}, variable: {variable}, "
            "max_ks: 0, max_mean_change: 0, max_zero_change: 0}\n",
        )
    assert main(FEW) == 0
    assert [check["measured"] for check in manifest(here)["checks"]] == [0.0, 0.0]
    assert main([*FEW, "seed=2"]) == 3
    assert any("KS of dividends is 0." in check["found"] for check in manifest(here)["checks"])
    # The root's weights reach the members.
    values, weights = weighted_column(run, "person", "employment_income")
    people, households = (pd.read_parquet(run / "tables" / f"{name}.parquet") for name in ("person", "household"))
    joined = people.merge(households[["household_id", "weight"]], on="household_id")
    assert np.isclose((values * weights).sum(), (joined["employment_income"] * joined["weight"]).sum())


def test_every_metric_that_a_check_may_name_is_a_figure_of_a_run(built):
    headline, weights = built.json("manifest.json")["headline"], built.json("weights.json")
    assert set(METRICS) <= {*headline, *weights}
    assert set(VARIABLE_METRICS) <= {*built.csv("imputation.csv").columns, "ks_truth"}
