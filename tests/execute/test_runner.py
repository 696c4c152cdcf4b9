"""Running a plan: failures stay on their branch, what stands is reused, what is damaged is made again."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from small_builds import Build, build_small, fresh_copy, plan_small, run_plan

from microplex_spec.execute.run_folder import claim_run_folder, earlier_plans, new_run_folder
from microplex_spec.execute.store import Store
from microplex_spec.plan import Plan
from microplex_spec.spec.errors import SpecError

FEW = 60


@pytest.fixture(scope="module")
def few(built, tmp_path_factory) -> Build:
    """A build of a few households, for tests that build again in its store."""
    return build_small(fresh_copy(built.small, tmp_path_factory.mktemp("few") / "project"), households=FEW)


def without_imputer_param(plan: Plan, step_id: str) -> Plan:
    """The plan with one imputation broken: a parameter that its backend does not have, under a key of its own."""
    steps = tuple(
        replace(step, key="f" * 64, params={**step.params, "params": {"no_such": 1}}) if step.id == step_id else step
        for step in plan
    )
    return replace(plan, steps=steps)


def test_a_failing_step_stops_only_those_that_need_it(few):
    plan = without_imputer_param(plan_small(few.small, households=FEW, seed=3), "impute:dividends")
    broken = run_plan(few.small, plan)
    statuses = broken.statuses()
    assert broken.result.status == broken.json("manifest.json")["status"] == "failed"
    assert statuses["impute:dividends"] == "failed"
    skipped = {
        "derive:unit_income",
        "targets:small",
        "calibrate:small",
        "evaluate:small",
        "export:small",
        "report:small",
    }
    assert {step for step, status in statuses.items() if status == "skipped"} == skipped
    for step in ("impute:self_employment_income", "rate:has_pension_plan", "derive:unit_employment_income"):
        assert statuses[step] in ("done", "reused")
    assert list(broken.result.failures) == ["impute:dividends"]
    assert "no_such" in broken.result.failures["impute:dividends"]
    rows = {step["id"]: step for step in broken.json("manifest.json")["steps"]}
    assert rows["targets:small"]["error"].startswith("needs impute:dividends, ")
    assert not (broken.folder / "tables").exists()
    assert "f" * 64 not in Store(few.small.project.store)


def test_an_unforeseen_failure_leaves_its_traceback_in_the_events(few):
    plan = plan_small(few.small, households=FEW, seed=4)
    steps = tuple(
        replace(step, key="e" * 64, params={"variable": "x"}) if step.kind == "rate" else step for step in plan
    )
    broken = run_plan(few.small, replace(plan, steps=steps))
    assert broken.statuses()["rate:has_pension_plan"] == "failed"
    assert broken.events("traceback")[0]["step"] == "rate:has_pension_plan"
    assert "KeyError" in broken.events("traceback")[0]["text"]
    assert broken.statuses()["calibrate:small"] == "done"


def test_an_unchanged_build_reuses_every_checkpoint_and_gives_the_same_bytes(few):
    again = build_small(few.small, households=FEW)
    kept = {step.id for step in again.plan if step.checkpoint}
    assert {step for step, status in again.statuses().items() if status == "reused"} == kept
    assert again.folder != few.folder
    for file in ("tables/household.parquet", "tables/tax_unit.parquet", "tables/person.parquet", "targets.csv"):
        assert (again.folder / file).read_bytes() == (few.folder / file).read_bytes()
    assert len(again.events("step_reused")) == len(kept)


def test_a_damaged_artifact_is_made_again_with_a_warning(few):
    column = few.artifact("impute:dividends") / "column.parquet"
    before = column.read_bytes()
    column.write_bytes(before[:-1])
    again = build_small(few.small, households=FEW)
    assert [event["step"] for event in again.events("artifact_damaged")] == ["impute:dividends"]
    assert again.statuses()["impute:dividends"] == "done"
    assert again.statuses()["impute:self_employment_income"] == again.statuses()["calibrate:small"] == "reused"
    assert column.read_bytes() == before


def test_what_an_edit_changed_is_marked_as_a_re_run(few):
    plan = plan_small(few.small, households=FEW, calibrator="entropy")
    status = {step.id: step.status for step in plan}
    assert status["calibrate:small"] == "rerun" and status["targets:small"] == "reuse"
    fresh = plan_small(fresh_copy(few.small, few.small.root.parent / "fresh"), households=FEW)
    assert {step.status for step in fresh} == {"run"}


def test_a_source_that_changed_after_the_plan_was_made_is_an_error(few, tmp_path):
    small = fresh_copy(few.small, tmp_path / "changed")
    plan = plan_small(small, households=FEW)
    donors = small.spec_folder / "data" / "donors_person.csv"
    donors.write_text(donors.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    broken = run_plan(small, plan)
    assert broken.result.failures == {
        "load:donors": "donors_person.csv has changed since the plan was made; plan again"
    }
    assert broken.statuses()["rate:has_pension_plan"] == "done"
    assert broken.statuses()["impute:dividends"] == "skipped"


def test_a_run_that_goes_on_after_a_failure_makes_only_what_is_missing(few, tmp_path):
    small = fresh_copy(few.small, tmp_path / "resumed")
    plan = plan_small(small, households=FEW)
    run_plan(small, without_imputer_param(plan, "impute:dividends"))
    again = run_plan(small, plan)
    assert again.result.status == "done"
    assert again.statuses()["impute:self_employment_income"] == "reused"
    assert (again.folder / "targets.csv").read_bytes() == (few.folder / "targets.csv").read_bytes()


def test_a_stored_plan_runs_to_the_same_bytes(few, tmp_path):
    small = fresh_copy(few.small, tmp_path / "stored")
    plan_small(small, households=FEW).write(tmp_path / "plan.json")
    again = run_plan(small, Plan.read(tmp_path / "plan.json"))
    assert again.result.status == "done", again.result.failures
    assert set(again.statuses().values()) == {"done"}
    for file in ("tables/household.parquet", "tables/person.parquet", "targets.csv"):
        assert (again.folder / file).read_bytes() == (few.folder / file).read_bytes()


def test_the_hash_seed_of_python_changes_no_byte(few, tmp_path):
    small = fresh_copy(few.small, tmp_path / "hashed")
    code = (
        "import sys; from pathlib import Path; from microplex_spec import compile_plan, execute, load_spec;"
        "from microplex_spec.spec.choices import Choices, Scale; from microplex_spec.spec.project import Project;"
        "project = Project(Path(sys.argv[1]));"
        "choices = Choices(spec='small', scale=Scale(name='test', households=60));"
        "print(execute(compile_plan(load_spec('small', project), choices), project=project).folder)"
    )
    call = [sys.executable, "-c", code, str(small.root)]
    env = {**os.environ, "PYTHONHASHSEED": "12345"}
    folder = subprocess.run(call, env=env, capture_output=True, text=True, check=True).stdout.strip()
    for file in ("tables/household.parquet", "tables/tax_unit.parquet", "tables/person.parquet", "targets.csv"):
        with open(f"{folder}/{file}", "rb") as stream:  # noqa: PTH123
            assert stream.read() == (few.folder / file).read_bytes(), file


def test_events_tell_the_run_from_its_start_to_its_end(few):
    lines = [json.loads(line) for line in (few.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines[0]["event"] == "run_started" and lines[-1]["event"] == "run_finished"
    assert [line["step"] for line in lines if line["event"] == "step_finished"] == [step.id for step in few.plan]
    times = [line["time"] for line in lines]
    assert times == sorted(times)


def test_runs_of_the_same_second_get_folders_of_their_own(few, tmp_path):
    folders = [new_run_folder(tmp_path, few.plan) for _ in range(5)]
    assert len(set(folders)) == 5
    assert all(folder.parent == tmp_path / "small" and few.plan.key[:8] in folder.name for folder in folders)


def test_a_run_never_overwrites_another(few, tmp_path):
    assert claim_run_folder(tmp_path / "0") == tmp_path / "0"
    few.plan.write(tmp_path / "0" / "plan.json")
    with pytest.raises(SpecError, match="holds a run already"):
        claim_run_folder(tmp_path / "0")


def test_earlier_plans_come_newest_first_without_those_that_cannot_be_read(few, tmp_path):
    for name, seed in (("20250101T000000Z-a", 1), ("20260101T000000Z-a", 2)):
        folder = tmp_path / "small" / name
        folder.mkdir(parents=True)
        replace(few.plan, seed=seed).write(folder / "plan.json")
    assert [plan.seed for plan in earlier_plans(tmp_path, "small")] == [2, 1]
    (tmp_path / "small" / "20260101T000000Z-a" / "plan.json").write_text("{", encoding="utf-8")
    assert [plan.seed for plan in earlier_plans(tmp_path, "small")] == [1]
    assert list(earlier_plans(tmp_path, "other")) == []


def test_a_flag_that_is_imputed_comes_out_as_a_flag(few, tmp_path):
    small = fresh_copy(few.small, tmp_path / "flag")
    drawn = "is_blind: {label: Is blind, entity: person, unit: flag, from: donors, regime: binary, predictors: [age]}"
    small.edit("variables/observed.yaml", "is_blind: {label: Is blind, entity: person, unit: flag}", drawn)
    build = build_small(small, households=FEW)
    assert build.result.status == "done", build.result.failures
    assert build.table("person")["is_blind"].dtype == bool
    assert build.csv("imputation.csv").set_index("variable").loc["is_blind", "ks_donor"] < 0.2
