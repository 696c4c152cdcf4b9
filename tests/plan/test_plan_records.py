"""The plan as a record: its JSON form, there and back, and what it tells a person."""

import json
from dataclasses import replace

import pytest

from microplex_spec import compile_plan
from microplex_spec.plan import Plan, Reason
from microplex_spec.plan.explain import concise, duration, full, size
from microplex_spec.spec.errors import SpecError


@pytest.fixture
def plan(small_project) -> Plan:
    return compile_plan(small_project.load())


def test_a_plan_comes_back_from_its_file_as_it_was(plan, tmp_path):
    plan.write(tmp_path / "plan.json")
    stored = Plan.read(tmp_path / "plan.json")
    assert stored.key == plan.key
    assert json.dumps(stored.to_json()) == json.dumps(plan.to_json())
    replace(plan, gone=("impute:x",)).write(tmp_path / "plan.json")
    assert Plan.read(tmp_path / "plan.json").gone == ("impute:x",)


def test_the_json_form_has_the_keys_that_may_be_relied_on(plan):
    data = json.loads(json.dumps(plan.to_json()))
    assert data["spec"] == "small" and data["seed"] == 1 and data["key"] == plan.key
    assert set(data["budget"]) == {"memory_bytes", "cores"}
    wanted = {
        "id", "kind", "backend", "status", "reasons", "inputs", "outputs", "batch", "checkpoint", "predicted", "key",
    }  # fmt: skip
    for step in data["steps"]:
        assert wanted <= set(step)
        assert step["status"] in ("run", "rerun", "reuse")
        assert {"seconds", "bytes"} <= set(step["predicted"])
        assert all({"rule", "text"} <= set(reason) for reason in step["reasons"])


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"spec": "a", "seed": 1, "budget": {}, "steps": [], "notes": []}']
)
def test_a_file_that_is_no_plan_is_refused(tmp_path, content):
    path = tmp_path / "plan.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SpecError, match="is no stored plan"):
        Plan.read(path)
    with pytest.raises(SpecError, match="is no stored plan"):
        Plan.read(tmp_path / "missing.json")


def test_the_concise_form_has_a_line_for_each_step_that_runs(plan):
    text = concise(plan)
    for step in plan:
        assert sum(line.split()[:2] == ["+", step.id] for line in text.splitlines()) == 1
    assert "14 steps to run, 0 reused" in text


def test_the_full_form_shows_every_parameter_and_reason(plan):
    text = full(plan)
    for step in plan:
        assert step.key[:12] in text
        assert all(f"{reason.rule}: {reason.text}" in text for reason in step.reasons)
        assert all(f"    {name} = " in text for name in step.params)


def test_sizes_are_told_in_the_unit_that_suits_them():
    assert [size(n) for n in (0, 999, 1500, 2_500_000, 12_300_000_000)] == ["0 B", "999 B", "2 kB", "2 MB", "12.3 GB"]


def test_durations_are_told_in_the_unit_that_suits_them():
    told = [duration(seconds) for seconds in (0.04, 9.96, 59.6, 119.4, 125, 3725, 7325)]
    assert told == ["0.0 s", "10.0 s", "60 s", "119 s", "2 min 05 s", "62 min 05 s", "2 h 02 min"]


def test_a_long_reason_is_cut_in_the_concise_form_alone(plan):
    steps = tuple(replace(step, reasons=(Reason("r", "long " * 60),)) for step in plan)
    long = replace(plan, steps=steps)
    assert max(map(len, concise(long).splitlines())) < 230
    assert "long " * 60 in full(long)
