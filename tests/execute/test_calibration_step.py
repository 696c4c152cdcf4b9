"""The calibrate step of a build: stages, folds turned off, and errors that name a target's place."""

import json

import numpy as np
import pandas as pd
import pytest
from small_builds import build_small, fresh_copy, plan_small, run_plan

from microplex_spec.execute.tasks.shared import placed
from microplex_spec.spec.errors import SpecError

STAGES = """\
calibration:
  tolerance: 0.02
  min_support: 2
  stages:
    - {name: states, targets: ["small.population.*"]}
    - {name: incomes, targets: ["small.wage.*", small.employment_income.amount]}
"""
DECLARED = "calibration: {tolerance: 0.02, min_support: 2}\n"


@pytest.fixture
def small(built, tmp_path):
    return fresh_copy(built.small, tmp_path / "project")


def result_of(build) -> dict:
    return json.loads((build.artifact("calibrate:small") / "result.json").read_text(encoding="utf-8"))


def test_stages_of_the_spec_are_solved_in_their_order_and_told_everywhere(small):
    small.edit("spec.yaml", DECLARED, STAGES)
    build = build_small(small)
    stages = result_of(build)["stages"]
    assert [stage["name"] for stage in stages] == ["states", "incomes"]
    assert stages[0]["targets"] < stages[1]["targets"] == (build.csv("targets.csv")["status"] == "fitted").sum() - 1
    assert [stage["kept"] for stage in stages] == [True, True]
    assert stages[1]["error_after"] < stages[0]["error_after"] < stages[0]["error_before"]
    assert build.json("weights.json")["stages"] == stages
    (record,) = (step["record"] for step in build.json("manifest.json")["steps"] if step["id"] == "calibrate:small")
    assert record["stages"] == stages
    assert "stages" in {reason.rule for reason in build.plan["calibrate:small"].reasons}
    page = (build.folder / "report.html").read_text(encoding="utf-8")
    assert "<td>states<td" in page and "<td>incomes<td" in page


def test_stages_by_a_column_take_national_targets_first(small):
    small.edit("spec.yaml", DECLARED, DECLARED.replace("}", ", stages_by: [state_fips]}"))
    build = build_small(small)
    stages = result_of(build)["stages"]
    assert [stage["name"] for stage in stages] == ["national", "state_fips"]
    planned = {stage["name"]: stage["targets"] for stage in build.plan["calibrate:small"].params["stages"]}
    states = {name for name in build.csv("targets.csv")["id"] if name.startswith("small.population.state_")}
    assert set(planned["state_fips"]) == states and "small.population.total" in planned["national"]
    assert stages[0]["targets"] < stages[1]["targets"]


def test_folds_turned_off_leave_only_targets_held_out_for_good(small):
    small.edit("spec.yaml", DECLARED, DECLARED.replace("}", ", folds: 0}"))
    build = build_small(small)
    targets = build.csv("targets.csv").set_index("id")
    assert targets[["fold", "held_out", "rel_error_held_out"]].isna().all(axis=None)
    assert build.json("weights.json")["folds"] is None
    apart = targets.loc["small.elderly.persons", "rel_error_final"]
    assert build.result.headline["holdout_median_error"] == pytest.approx(abs(apart))


def test_folds_do_not_touch_the_weights(built, small):
    small.edit("spec.yaml", DECLARED, DECLARED.replace("}", ", folds: 3}"))
    build = build_small(small)
    np.testing.assert_array_equal(build.table("household")["weight"], built.table("household")["weight"])
    assert build.csv("targets.csv")["fold"].max() == 3
    assert build.statuses()["targets:small"] == "done"


def test_a_plan_counts_folds_and_stages(small):
    cost = {}
    for name, text in (("none", DECLARED.replace("}", ", folds: 0}")), ("folds", DECLARED), ("stages", STAGES)):
        small.path("spec.yaml").write_text(
            small.path("spec.yaml").read_text(encoding="utf-8").split("calibration:")[0] + text, encoding="utf-8"
        )
        cost[name] = plan_small(small)["calibrate:small"].predicted.seconds
    assert cost["none"] < cost["folds"] < cost["stages"]


def test_a_fault_that_only_the_data_show_names_the_target_and_its_line(small):
    plan = plan_small(small)
    places = plan["calibrate:small"].meta["places"]
    file, line, column = places["small.employment_income.amount"]
    assert f"{file}:{line}:{column}" == small.at("targets/small/income.yaml", "id: small.employment_income.amount")
    error = placed(SpecError("target 'small.employment_income.amount' has the value nan"), places)
    assert str(error).startswith(f"{file}:{line}:{column}: target ")


def test_values_that_are_no_numbers_stop_the_build_at_the_line_of_the_target(small):
    file = small.path("data/survey_tax_unit.csv")
    table = pd.read_csv(file)
    table.loc[:2, "n_dependents"] = np.nan
    table.to_csv(file, index=False)
    text = "  - id: small.dependents.number\n    measure: sum(n_dependents)\n    unit: count\n    value: 100000\n"
    small.append("targets/small/income.yaml", text)
    build = build_small(small)
    (failed,) = (step for step in build.json("manifest.json")["steps"] if step["status"] == "failed")
    place = small.at("targets/small/income.yaml", "id: small.dependents.number")
    assert f"{place}: target 'small.dependents.number': 3 of its values are missing" in failed["error"]


def test_what_a_calibrator_leaves_out_is_excluded_with_the_reason_and_told_in_the_plan(built):
    plan = plan_small(built.small, calibrator="microcalibrate")
    (told,) = (reason.text for reason in plan["calibrate:small"].reasons if reason.rule == "left-out")
    assert "0 targets of zero and 3 means and shares" in told
    targets = run_plan(built.small, plan).csv("targets.csv").set_index("id")
    for name in ("small.wage.mean", "small.heads.blind"):
        assert targets.loc[name, "status"] == "excluded" and "relative to the target" in targets.loc[name, "reason"]
    assert (targets["status"] == "fitted").any()


@pytest.fixture
def few(small):
    """A budget of 12 records, the choice of which raises the error over all targets."""
    small.edit("spec.yaml", DECLARED, STAGES)
    return build_small(small, calibrator="sparse", params={"max_records": 12})


def test_a_record_budget_is_kept_whatever_becomes_of_the_stages(few):
    weights = few.json("weights.json")
    assert weights["n"] - weights["n_zero"] == np.count_nonzero(few.table("household")["weight"]) == 12
    first = weights["stages"][0]
    assert first["kept"] and first["error_after"] > first["error_before"]


def test_targets_that_no_record_kept_contributes_to_are_unsupported(few):
    targets, household = few.csv("targets.csv").set_index("id"), few.table("household")
    lost = targets[targets["reason"] == "no record contributes of the 12 that are kept"]
    assert len(lost) and (lost["status"] == "unsupported").all() and (lost["role"] == "fit").all()
    held, every = (
        {f"small.population.state_s{fips}" for fips in states}
        for states in (household.loc[household["weight"] > 0, "state_fips"], household["state_fips"])
    )
    assert set(lost.index) == {name for name in targets.index if name in every - held}
    assert few.result.headline["targets_unsupported"] >= len(lost)


def test_caps_of_a_record_budget_are_those_of_the_records_kept(few):
    weights = few.json("weights.json")
    assert weights["bounds"] is None and weights["refit_bounds"] == [0.1, 10.0]
    hits = weights["cap_hits_lower"] + weights["cap_hits_upper"]
    assert hits <= 12 and weights["share_at_caps"] == hits / 12
    page = (few.folder / "report.html").read_text(encoding="utf-8")
    assert "times the design weight over the chance of being kept" in page


def test_a_record_budget_without_a_target_to_choose_by_fails_the_build(small):
    small.edit("spec.yaml", DECLARED, "calibration: {tolerance: 0.02, min_support: 100000}\n")
    build = build_small(small, calibrator="sparse", params={"max_records": 12})
    (failed,) = (step for step in build.json("manifest.json")["steps"] if step["status"] == "failed")
    assert "'sparse' is to keep 12 of 400 records, but there is no target to fit" in failed["error"]


def test_targets_of_a_stage_rolled_back_say_that_weights_do_not_follow_them(small):
    """They count as misses of the fit: a stage that failed must not raise the share of targets that are met."""
    small.edit("spec.yaml", DECLARED, STAGES)
    build = build_small(small, calibrator="logit", params={"max_iterations": 1, "softness": 0.0})
    assert [stage["kept"] for stage in build.json("weights.json")["stages"]] == [True, False]
    targets = build.csv("targets.csv").set_index("id").fillna({"reason": ""})
    left = targets[targets["reason"].str.contains("weights do not follow it: stage 'incomes' rolled back")]
    assert "small.employment_income.amount" in left.index and (left["status"] == "fitted").all()
    states = targets.index.str.startswith("small.population.") & (targets["status"] == "fitted")
    assert states.any() and not states[targets.index.isin(left.index)].any()


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ("min_support: 2}", "min_support: 2, folds: 1}", "1", "must be at least 2, or 0 for none"),
        ("min_support: 2}", "min_support: 2, folds: -1}", "-1", "must be at least 0"),
        (
            "min_support: 2}",
            "min_support: 2, stages: [{name: a, targets: [none.*]}]}",
            "none.*",
            "unknown target or glob",
        ),
        ("min_support: 2}", "min_support: 2, stages_by: [state_fps]}", "state_fps", "did you mean 'state_fips'"),
        (
            "min_support: 2}",
            "min_support: 2, stages: [{name: a, targets: ['*']}], stages_by: [state_fips]}",
            "stages_by",
            "both stages and stages_by",
        ),
        ("min_support: 2}", "min_support: 2, stages: [{name: a, targets: []}]}", "[]", "must not be empty"),
        ("min_support: 2}", "min_support: 2, stages: [{name: B!, targets: ['*']}]}", "B!", "must be of small letters"),
    ],
)
def test_faulty_stages_and_folds_are_told_where_they_stand(small, old, new, at, said):
    small.edit("spec.yaml", old, new)
    (error,) = small.errors()
    assert error.startswith(small.at("spec.yaml", at, within=new)) and said in error


def test_a_stage_named_twice_is_an_error(small):
    small.edit(
        "spec.yaml",
        "min_support: 2}",
        "min_support: 2, stages: [{name: a, targets: ['*']}, {name: a, targets: ['*']}]}",
    )
    (error,) = small.errors()
    assert "the stage 'a' stands twice" in error
