"""What an edit re-runs: the keys of exactly the steps whose results it can change."""

import json
import os
import subprocess
import sys

import pytest

from microplex_spec import compile_plan
from microplex_spec.execute.profile import profile_sources
from microplex_spec.plan.keys import data_key, digest
from microplex_spec.spec.choices import BackendChoice, Choices, Scale
from microplex_spec.spec.errors import SpecError

DIVIDENDS = {"impute:dividends", "derive:unit_income"}
BUSINESS = {"impute:self_employment_income", *DIVIDENDS}
FITTED = {"targets:small", "calibrate:small"}
LAST = {"evaluate:small", "export:small", "report:small"}
WORKER = "predictors: [worker]"


def keys_of(small, **choices) -> dict[str, str]:
    plan = compile_plan(small.load(), Choices(spec="small", scale=Scale(name="full"), **choices))
    return {step.id: step.key for step in plan}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {step for step in before.keys() | after.keys() if before.get(step) != after.get(step)}


NOTHING: set[str] = set()
CHECK = "- {id: size, reason: why, metric: ess_share, min: 0.1}\n"
EDITS = {
    "a variable's label": ("variables/imputed.yaml", "label: Dividends", "label: Dividends received", NOTHING),
    "an entity's label": ("entities.yaml", "label: Tax unit", "label: Filing unit", NOTHING),
    "a source's label": ("sources.yaml", "label: The survey that the file", "label: What the file", NOTHING),
    "the spec's label": ("spec.yaml", "label: A small second spec", "label: Another", NOTHING),
    "a variable's notes": ("variables/imputed.yaml", "label: Dividends\n", "label: Dividends\n  notes: x\n", NOTHING),
    "a target's url": ("targets/small/income.yaml", "https://example.org/sums", "https://example.org/2", NOTHING),
    "a target's title": ("targets/small/income.yaml", "title: Sums", "title: The sums", NOTHING),
    "a target's notes": ("targets/small/income.yaml", "role: holdout", "role: holdout\n    notes: why", NOTHING),
    "a rate's source": ("variables/made.yaml", "source: A round figure", "source: Another", NOTHING),
    "one target's role": ("targets/small/income.yaml", "role: holdout", "role: monitor", FITTED | LAST),
    "one target's domain": ("targets/small/income.yaml", "age >= 65", "age >= 66", FITTED | LAST),
    "the general tolerance": ("spec.yaml", "tolerance: 0.02", "tolerance: 0.03", FITTED | LAST),
    "a predictor of a variable that others are chained on": (
        "variables/imputed.yaml", WORKER, "predictors: [worker, is_blind]", BUSINESS | FITTED | LAST,
    ),
    "a predictor of the last variable": (
        "variables/imputed.yaml", "n_dependents]", "n_dependents, head.is_blind]", DIVIDENDS | FITTED | LAST,
    ),
    "a structural zero": ("variables/imputed.yaml", "age < 16", "age < 15", BUSINESS | FITTED | LAST),
    "a rate": ("variables/made.yaml", "otherwise: 0.5", "otherwise: 0.6", {"rate:has_pension_plan"} | LAST),
    "the order of a rate's groups": (
        "variables/made.yaml", "{age < 25: 0.2, age >= 65: 0.1}", "{age >= 65: 0.1, age < 25: 0.2}",
        {"rate:has_pension_plan"} | LAST,
    ),
    "a derived variable that no target uses": (
        "variables/made.yaml", "+ dividends\n", "+ 2 * dividends\n", {"derive:unit_income"} | LAST,
    ),
    "spaces in an expression": ("variables/made.yaml", "+ dividends\n", "+   dividends\n", NOTHING),
}  # fmt: skip


def test_checks_touch_their_own_step_and_the_report_alone(small_project):
    before = keys_of(small_project)
    small_project.append("checks.yaml", CHECK)
    checked = keys_of(small_project)
    assert changed(before, checked) == {"check:small", "report:small"}
    small_project.edit("checks.yaml", "min: 0.1", "min: 0.2")
    edited = keys_of(small_project)
    assert changed(checked, edited) == {"check:small", "report:small"}
    small_project.edit("checks.yaml", "reason: why", "reason: because")
    assert keys_of(small_project) == edited


def test_a_check_of_targets_that_none_is_of_stops_the_plan(small_project):
    small_project.append("checks.yaml", "- {id: size, reason: why, targets: {family: populatoin}, within: 0.1}\n")
    with pytest.raises(SpecError, match="unknown family of targets 'populatoin'"):
        keys_of(small_project)
    small_project.edit("checks.yaml", "{family: populatoin}", "{family: employment_income, role: holdout}")
    with pytest.raises(SpecError, match=r"checks\.yaml:1:36: no target is chosen"):
        keys_of(small_project)


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_re_runs_exactly_what_it_can_change(small_project, what):
    file, old, new, expected = EDITS[what]
    before = keys_of(small_project)
    small_project.edit(file, old, new)
    assert changed(before, keys_of(small_project)) == expected


def test_one_targets_value_re_runs_targets_and_calibration_and_no_imputation(small_project):
    before = keys_of(small_project)
    table = small_project.root / "targets" / "small" / "population_state.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    cells = lines[1].split(",")
    cells[3] = str(int(cells[3]) + 10)
    table.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n", encoding="utf-8")
    assert changed(before, keys_of(small_project)) == FITTED | LAST


def test_a_byte_of_a_donor_file_re_runs_all_that_reads_it(small_project):
    before = keys_of(small_project)
    donors = small_project.spec_folder / "data" / "donors_person.csv"
    text = donors.read_text(encoding="utf-8")
    donors.write_text(text[:-1] + "0\n" if text[-2] != "0" else text[:-2] + "1\n", encoding="utf-8")
    expected = {"load:donors", "uprate:donors"} | BUSINESS | FITTED | LAST
    assert changed(before, keys_of(small_project)) == expected


def test_a_byte_of_the_base_re_runs_all_but_the_donor(small_project):
    before = keys_of(small_project)
    base = small_project.spec_folder / "data" / "survey_household.csv"
    base.write_text(base.read_text(encoding="utf-8").rstrip("\n") + "1\n", encoding="utf-8")
    assert changed(before, keys_of(small_project)) == before.keys() - {"load:donors", "uprate:donors"}


def test_another_seed_re_runs_what_draws_and_all_that_follows(small_project):
    found = changed(keys_of(small_project), keys_of(small_project, seed=2))
    assert found == BUSINESS | {"rate:has_pension_plan"} | FITTED | LAST


def test_another_calibrator_re_runs_calibration_alone(small_project):
    found = changed(keys_of(small_project), keys_of(small_project, calibrator=BackendChoice(name="entropy")))
    assert found == {"calibrate:small"} | LAST


def test_asking_for_what_would_be_chosen_anyway_re_runs_nothing(small_project):
    assert not changed(keys_of(small_project), keys_of(small_project, calibrator=BackendChoice(name="logit")))


def test_a_touched_or_moved_project_re_runs_nothing(small_project, tmp_path):
    before = keys_of(small_project)
    os.utime(small_project.spec_folder / "data" / "survey_person.csv", (1, 1))
    assert not changed(before, keys_of(small_project))
    moved = type(small_project)(small_project.root.rename(tmp_path / "elsewhere"))
    assert not changed(before, keys_of(moved))


def test_the_order_in_which_variables_are_declared_re_runs_no_checkpoint(small_project):
    before = keys_of(small_project)
    path = small_project.spec_folder / "variables" / "imputed.yaml"
    first, second = path.read_text(encoding="utf-8").split("\n\n")
    path.write_text(f"{second}\n{first}\n", encoding="utf-8")
    (small_project.spec_folder / "variables" / "made.yaml").rename(small_project.spec_folder / "variables" / "a.yaml")
    assert changed(before, keys_of(small_project)) <= LAST


def test_a_key_follows_content_and_not_the_order_of_a_mapping():
    assert digest({"a": 1, "b": [1, 2.5]}) == digest({"b": [1, 2.5], "a": 1})
    key = data_key("impute", "qrf", 1, {"x": 1, "y": 2}, {"a": "k", "b": "l"})
    assert key == data_key("impute", "qrf", 1, {"y": 2, "x": 1}, {"b": "l", "a": "k"})
    others = [
        data_key("derive", "qrf", 1, {"x": 1, "y": 2}, {"a": "k", "b": "l"}),
        data_key("impute", "qrt", 1, {"x": 1, "y": 2}, {"a": "k", "b": "l"}),
        data_key("impute", "qrf", 2, {"x": 1, "y": 2}, {"a": "k", "b": "l"}),
        data_key("impute", "qrf", 1, {"x": 1, "y": 3}, {"a": "k", "b": "l"}),
        data_key("impute", "qrf", 1, {"x": 1, "y": 2}, {"a": "l", "b": "k"}),
    ]
    assert len({key, *others}) == 6


def test_keys_do_not_depend_on_the_hash_seed_of_python(small_project):
    code = (
        "import json, sys; from pathlib import Path; from microplex_spec import compile_plan, load_spec;"
        "from microplex_spec.spec.project import Project;"
        "print(json.dumps({s.id: s.key for s in compile_plan(load_spec('small', Project(Path(sys.argv[1]))))}))"
    )
    call = [sys.executable, "-c", code, str(small_project.root)]
    for seed in ("1", "2"):
        found = subprocess.run(
            call, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        assert json.loads(found.stdout) == keys_of(small_project)


def test_a_remembered_profile_says_what_a_fresh_one_does(small_project):
    spec = small_project.load()
    fresh = profile_sources(spec)
    assert len(list((spec.project.cache / "profiles").glob("*.json"))) == 2
    assert profile_sources(spec) == fresh
    damaged = next((spec.project.cache / "profiles").glob("*.json"))
    damaged.write_text("{", encoding="utf-8")
    assert profile_sources(spec) == fresh
