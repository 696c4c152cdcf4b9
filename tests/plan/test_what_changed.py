"""What a plan says of the last build: which steps run again and why, which are reused, which are gone."""

import pytest

from microplex_spec import compile_plan
from microplex_spec.compile.changes import differences
from microplex_spec.execute.store import Store
from microplex_spec.plan import Plan
from microplex_spec.plan.explain import concise, why
from microplex_spec.spec.choices import Choices, Scale


def plan_of(small, households: int | None = None, **choices) -> Plan:
    scale = Scale(name="test", households=households)
    return compile_plan(small.load(), Choices(spec="small", scale=scale, **choices))


def built(small, name: str = "20260101T000000Z-a", **choices) -> Plan:
    """A plan that the project remembers as one that was built."""
    plan = plan_of(small, **choices)
    folder = small.project.runs / "small" / name
    folder.mkdir(parents=True)
    plan.write(folder / "plan.json")
    return plan


def changed(plan: Plan) -> dict[str, str]:
    return {step.id: why(step) for step in plan if step.status == "rerun"}


def test_a_first_build_runs_all_and_says_why_each_backend_was_taken(small_project):
    plan = plan_of(small_project)
    assert {step.status for step in plan} == {"run"} and plan.gone == ()
    assert why(plan["impute:self_employment_income"]).startswith("three_sign: ")


def test_a_step_that_was_edited_names_the_parameters_and_those_below_name_the_step(small_project):
    built(small_project)
    small_project.edit("variables/imputed.yaml", "n_dependents]", "n_dependents, head.is_blind]")
    found = changed(plan_of(small_project))
    assert found.pop("impute:dividends") == "predictors + head.is_blind"
    assert set(found) == {
        "derive:unit_income", "targets:small", "calibrate:small", "evaluate:small", "export:small", "report:small",
    }  # fmt: skip
    assert set(found.values()) == {"follows impute:dividends"}


def test_an_edited_target_is_named_with_both_values(small_project):
    built(small_project)
    small_project.edit("targets/small/income.yaml", "role: holdout", "role: monitor")
    found = changed(plan_of(small_project))
    assert found["targets:small"] == "targets.small.elderly.persons.role holdout → monitor"
    assert found["calibrate:small"] == "follows targets:small"


def test_a_changed_rate_and_a_changed_seed_are_told_in_numbers(small_project):
    built(small_project)
    small_project.edit("variables/made.yaml", "otherwise: 0.5", "otherwise: 0.6")
    found = changed(plan_of(small_project, seed=2))
    assert found["rate:has_pension_plan"] == "otherwise 0.5 → 0.6; seed 1 → 2"
    assert found["impute:self_employment_income"] == "seed 1 → 2"


def test_a_changed_source_is_told_by_its_file_and_what_reads_it_follows(small_project):
    built(small_project)
    donors = small_project.spec_folder / "data" / "donors_person.csv"
    donors.write_text(donors.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    found = changed(plan_of(small_project))
    assert found["load:donors"].startswith("files.") and found["load:donors"].endswith("donors_person.csv changed")
    assert found["impute:dividends"] == found["calibrate:small"] == "follows load:donors"
    assert "load:survey" not in found


def test_another_backend_is_told_as_such(small_project):
    built(small_project)
    found = changed(plan_of(small_project, calibrator={"name": "entropy"}))
    assert found["calibrate:small"].startswith("backend logit → entropy")


def test_other_code_is_told_as_such(small_project, monkeypatch):
    from microplex_spec.impute.regime_aware import RegimeAware

    built(small_project)
    monkeypatch.setattr(RegimeAware, "version", RegimeAware.version + 1)
    found = changed(plan_of(small_project))
    assert found["impute:self_employment_income"] == "its code gives other results than the last build's"


def test_steps_of_the_last_build_that_the_spec_no_longer_asks_for_are_gone(small_project):
    built(small_project)
    small_project.edit("variables/imputed.yaml", "  order: [sum(self_employment_income)]\n", "")
    small_project.edit("variables/made.yaml", " + sum(self_employment_income)", "")
    path = small_project.path("variables/imputed.yaml")
    path.write_text("dividends:" + path.read_text(encoding="utf-8").split("dividends:", 1)[1], encoding="utf-8")
    plan = plan_of(small_project)
    assert plan.gone == ("impute:self_employment_income",)
    text = concise(plan)
    assert "  - impute:self_employment_income" in text.splitlines() and "- gone" in text
    assert changed(plan)["impute:dividends"].startswith("no longer needs impute:self_employment_income; predictors - ")


def test_a_first_build_of_another_sample_says_that_the_sample_changed(small_project):
    built(small_project)
    found = changed(plan_of(small_project, households=50))
    assert found.pop("load:survey") == "the sample changed: 50 households (seed 1), before all households"
    # A calibration's own steps know the number of households; all else only follows.
    assert found["impute:self_employment_income"] == found["uprate:survey"] == "the sample changed"
    assert "load:donors" not in found


def test_a_build_is_compared_with_the_last_one_of_its_own_sample(small_project):
    built(small_project, "20260101T000000Z-a", households=50)
    built(small_project, "20260102T000000Z-b")
    small_project.edit("targets/small/income.yaml", "role: holdout", "role: monitor")
    assert "targets.small.elderly.persons.role" in changed(plan_of(small_project, households=50))["targets:small"]
    assert not changed(plan_of(small_project, households=50)).keys() & {"load:survey", "impute:dividends"}


def test_what_did_not_change_but_was_lost_from_the_store_says_so(small_project):
    built(small_project)
    plan = plan_of(small_project)
    assert {step.status for step in plan} == {"run"}
    assert why(plan["impute:dividends"]) == "not in the store"
    assert why(plan["report:small"]) == "unchanged, but made anew for each run"


def test_what_stands_in_the_store_is_reused_and_counted_by_kind(small_project):
    plan = built(small_project)
    store = Store(small_project.project.store)
    for step_id in ("load:survey", "load:donors", "uprate:survey"):
        with store.writing(plan[step_id].key) as out:
            store.commit(plan[step_id].key, out, {})
    again = plan_of(small_project)
    assert {step.id for step in again if step.status == "reuse"} == {"load:survey", "load:donors", "uprate:survey"}
    assert "  = 3 reused: 2 load, uprate" in concise(again)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2, "b": 0}, ["a 1 → 2", "b added"]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [2, 1]}}, ["a.b in another order"]),
        ({"a": ["x", "y"]}, {"a": ["y", "z"]}, ["a + z - x"]),
        ({"a": "f" * 64}, {"a": "e" * 64}, ["a changed"]),
        ({"a": [{"id": "t", "value": 1}]}, {"a": [{"id": "t", "value": 1.5}]}, ["a.t.value 1 → 1.5"]),
        ({"a": 1}, {"a": True}, ["a 1 → true"]),
        ({"a": 1, "b": 2}, {"b": 2}, ["a removed"]),
    ],
)
def test_differences_are_told_in_few_words(old, new, told):
    assert differences(old, new) == told
