"""Compiling the small project: order, choices with reasons, refusals with places, batches, and what a plan costs."""

from dataclasses import replace

import pytest

from microplex_spec import compile_plan
from microplex_spec.compile.batching import largest_batch
from microplex_spec.compile.choose import CalibratorNeeds, choose_calibrator, choose_imputer
from microplex_spec.plan import Plan
from microplex_spec.spec.choices import BackendChoice, Choices, Resources, Scale
from microplex_spec.spec.cost import Cost, ImputeShape
from microplex_spec.spec.errors import Place, SpecError
from microplex_spec.spec.regimes import REGIMES
from microplex_spec.spec.registry import CALIBRATORS, IMPUTERS

FULL = Scale(name="full")


def plan_of(small, **choices) -> Plan:
    return compile_plan(small.load(), Choices(spec="small", **{"scale": FULL, **choices}))


def faults_of(small, **choices) -> list[str]:
    with pytest.raises(SpecError) as caught:
        plan_of(small, **choices)
    return [str(problem) for problem in caught.value.problems]


def test_each_step_stands_after_its_inputs(small_project):
    plan = plan_of(small_project)
    stood: set[str] = set()
    for step in plan:
        assert set(step.inputs) <= stood, step.id
        stood.add(step.id)
    assert len(stood) == len(plan.steps)


def test_a_variable_chained_on_another_waits_for_it_and_for_what_its_predictors_need(small_project):
    plan = plan_of(small_project)
    assert plan["impute:dividends"].inputs == (
        "uprate:survey",
        "uprate:donors",
        "impute:self_employment_income",
        "derive:unit_employment_income",
    )
    assert plan["derive:unit_income"].inputs == (
        "uprate:survey",
        "impute:dividends",
        "impute:self_employment_income",
        "derive:unit_employment_income",
    )
    assert plan["targets:small"].inputs == ("uprate:survey", "impute:dividends")
    assert [step.kind for step in plan][-5:] == ["targets", "calibrate", "evaluate", "export", "report"]


def test_every_step_says_why_and_what_it_will_cost(small_project):
    for step in plan_of(small_project):
        assert step.reasons and all(reason.rule and reason.text for reason in step.reasons), step.id
        assert step.status == "run" and len(step.key) == 64
        assert step.predicted.seconds > 0 and step.predicted.bytes > 0


def test_gated_regimes_get_a_gate_and_a_variable_of_a_regime_without_one_forest(small_project):
    plan = plan_of(small_project)
    assert plan["impute:self_employment_income"].backend == "regime_aware"
    assert plan["impute:self_employment_income"].reasons[0].rule == "sign-gate"
    assert "917 donors" in plan["impute:self_employment_income"].reasons[0].text
    assert plan["calibrate:small"].backend == "logit"


@pytest.mark.parametrize("name", REGIMES)
def test_the_automatic_choice_serves_every_regime_and_takes_a_gate_only_with_enough_donors(name):
    for donors in (10, 50_000):
        shape = ImputeShape(donors, 1000, 5, name, 0.8)
        choice = choose_imputer("auto", {}, REGIMES[name], shape, None)
        assert name in IMPUTERS.load(choice.name).capabilities.regimes
        assert (choice.name == "regime_aware") == (REGIMES[name].gated and donors == 50_000)
        assert f"{name}:" in choice.reason.text
        assert choice.cost.seconds > 0


def test_a_choice_of_the_run_serves_all_variables_and_one_of_the_variable_comes_first(small_project):
    small_project.append("variables/imputed.yaml", "  imputer: {name: regime_aware, params: {trees: 7}}\n")
    plan = plan_of(small_project, imputer=BackendChoice(name="qrf", params={"trees": 20}))
    own, shared = plan["impute:dividends"], plan["impute:self_employment_income"]
    assert (own.backend, own.params["params"]) == ("regime_aware", {"trees": 7})
    assert (shared.backend, shared.params["params"]) == ("qrf", {"trees": 20})
    assert own.reasons[0].rule == shared.reasons[0].rule == "asked-for"


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ("{treees: 7}", "imputer 'regime_aware' has no parameter 'treees' (it has: gate, leaf, "),
        ("{trees: 0}", "imputer 'regime_aware': trees must be a whole number of at least 1, got 0"),
        ("{seed: 3}", "imputer 'regime_aware' has no parameter 'seed'"),
        ("{stream: x}", "imputer 'regime_aware' has no parameter 'stream'"),
    ],
)
def test_a_parameter_that_an_imputer_cannot_take_is_refused_with_its_place(small_project, params, fault):
    imputer = f"{{name: regime_aware, params: {params}}}"
    small_project.edit(
        "variables/imputed.yaml", "  regime: three_sign\n", f"  regime: three_sign\n  imputer: {imputer}\n"
    )
    told = faults_of(small_project)
    assert len(told) == 1
    assert told[0].startswith(f"{small_project.at('variables/imputed.yaml', imputer)}: {fault}")


def test_an_imputer_that_cannot_serve_stops_no_check_of_what_needs_its_variable(small_project):
    told = faults_of(small_project, imputer=BackendChoice(name="qrf", params={"leaf": 0}))
    assert len(told) == 2
    assert all("imputer 'qrf': leaf must be" in fault for fault in told)


def test_a_backend_that_lacks_a_regime_is_refused_with_the_place_and_those_that_serve(monkeypatch):
    backend = IMPUTERS.load("qrf")
    fewer = type(backend.capabilities)(**{**vars(backend.capabilities), "regimes": frozenset({"positive"})})
    monkeypatch.setattr(backend, "capabilities", fewer)
    place = Place("variables/a.yaml", 3, 5)
    with pytest.raises(SpecError) as caught:
        choose_imputer("qrf", {}, REGIMES["three_sign"], ImputeShape(900, 10, 2), place)
    serving = [name for name in IMPUTERS.names() if "three_sign" in IMPUTERS.load(name).capabilities.regimes]
    told = f"variables/a.yaml:3:5: imputer 'qrf' lacks the regime 'three_sign' (served by: {', '.join(serving)})"
    assert str(caught.value) == told and "regime_aware" in serving


def test_a_backend_that_needs_more_donors_than_there_are_is_refused_with_both_numbers(monkeypatch):
    backend = IMPUTERS.load("qrf")
    monkeypatch.setattr(backend, "capabilities", replace(backend.capabilities, min_rows=1000))
    place = Place("variables/a.yaml", 3, 5)
    with pytest.raises(SpecError) as caught:
        choose_imputer("qrf", {}, REGIMES["positive"], ImputeShape(999, 10, 2), place)
    assert str(caught.value) == "variables/a.yaml:3:5: imputer 'qrf' needs 1,000 donor rows, there are 999"


@pytest.mark.parametrize(
    ("choice", "fault"),
    [
        (BackendChoice(name="logit", params={"uper": 4}), "calibrator 'logit' has no parameter 'uper' (it has: lower,"),
        (BackendChoice(name="logit", params={"upper": 0.5}), "the upper bound of weight ratios is 0.5"),
        (BackendChoice(name="none", params={"upper": 4}), "calibrator 'none' has no parameter 'upper' (it has none)"),
        (BackendChoice(name="raking"), "unknown calibrator 'raking'"),
    ],
)
def test_a_calibrator_that_cannot_serve_is_refused_before_anything_runs(small_project, choice, fault):
    told = faults_of(small_project, calibrator=choice)
    assert len(told) == 1 and fault in told[0]


def test_a_calibrator_that_lacks_signed_or_zero_targets_is_refused_with_their_number(monkeypatch):
    backend = CALIBRATORS.load("chi2")
    fewer = {**vars(backend.capabilities), "signed_targets": False, "zero_targets": False}
    monkeypatch.setattr(backend, "capabilities", type(backend.capabilities)(**fewer))
    needs = CalibratorNeeds(targets=50, records=10, nonzeros=100, signed=3, zeros=2)
    with pytest.raises(SpecError, match=r"lacks targets below zero \(3 targets\) and targets of zero \(2 targets\)"):
        choose_calibrator("chi2", {}, needs)


def test_without_targets_the_weights_are_left_alone():
    needs = CalibratorNeeds(targets=0, records=10, nonzeros=0, signed=0, zeros=0)
    assert choose_calibrator("auto", {}, needs).name == "none"


def test_an_unknown_executor_is_refused_by_the_plan(small_project):
    assert faults_of(small_project, executor=BackendChoice(name="seriall")) == [
        "unknown executor 'seriall' (did you mean 'serial'?)"
    ]


def test_a_regime_that_the_donor_contradicts_is_an_error_with_counts_shares_and_place(small_project):
    small_project.edit("variables/imputed.yaml", "regime: three_sign", "regime: zero_inflated")
    told = faults_of(small_project)
    place = small_project.at(
        "variables/imputed.yaml", "zero_inflated", "regime: zero_inflated\n  from: donors\n  predictors: [worker]"
    )
    assert len(told) == 1, told
    assert told[0].startswith(f"{place}: self_employment_income: regime 'zero_inflated' does not hold: ")
    assert "of 917 donors (" in told[0] and "% of the weight) are negative" in told[0]


def test_strays_within_the_declared_tolerance_are_no_error(small_project):
    more = "regime: zero_inflated\n  stray_tolerance: 0.2"
    small_project.edit("variables/imputed.yaml", "regime: three_sign", more)
    assert plan_of(small_project)["impute:self_employment_income"].params["regime"] == "zero_inflated"


def test_a_regime_left_to_the_donor_is_told(small_project):
    small_project.edit("variables/imputed.yaml", "regime: three_sign", "regime: auto")
    step = plan_of(small_project)["impute:self_employment_income"]
    assert step.params["regime"] == "three_sign"
    assert [reason.rule for reason in step.reasons][1] == "regime-seen"


def test_a_smaller_scale_samples_the_base_and_its_donors(small_project):
    plan = plan_of(small_project, scale=Scale(name="tiny", households=50, donor_households=10_000))
    assert plan["load:survey"].params["sample"] == {"households": 50, "seed": 1}
    assert plan["load:donors"].params["sample"] is None
    assert "50 households" in plan["calibrate:small"].reasons[0].text


def test_the_budget_is_the_declared_one(small_project):
    plan = plan_of(small_project, resources=Resources(memory_gb=3, cores=1))
    assert (plan.budget.memory_bytes, plan.budget.cores) == (3_000_000_000, 1)


def linear(batch: int) -> Cost:
    return Cost(1.0, 1_000_000_000 + 50_000 * batch)


def test_batches_shrink_with_the_budget_and_always_fit_it():
    batches = [largest_batch(100_000, linear, budget, "simulate") for budget in (8 * 10**9, 4 * 10**9, 2 * 10**9)]
    assert batches == [100_000, 50_000, 12_500]
    assert [linear(batch).bytes <= budget for batch, budget in zip(batches, (8e9, 4e9, 2e9), strict=True)] == [True] * 3


def test_parts_that_run_side_by_side_share_the_budget():
    assert largest_batch(100_000, linear, 8 * 10**9, "simulate", at_once=2) == 50_000
    assert largest_batch(100_000, linear, 4 * 10**9, "simulate", at_once=2) == 12_500


def test_parts_that_cannot_share_the_budget_run_one_after_the_other():
    assert largest_batch(100_000, linear, 1_500_000_000, "simulate", at_once=2) == 6_250


def test_a_budget_below_the_smallest_batch_is_an_error_that_states_both():
    with pytest.raises(SpecError, match=r"simulate needs 1\.0 GB even in batches of 196 .* the budget is 0\.9 GB"):
        largest_batch(100_000, linear, 900_000_000, "simulate")


def test_files_of_one_name_in_two_folders_are_told_apart(small_project):
    folder = small_project.spec_folder / "data"
    for source in ("survey", "donors"):
        for entity in ("household", "tax_unit", "person"):
            name = "rows.csv" if entity != "household" else "homes.csv"
            (folder / source / entity).mkdir(parents=True)
            (folder / f"{source}_{entity}.csv").rename(folder / source / entity / name)
            old, new = f"data/{source}_{entity}.csv", f"data/{source}/{entity}/{name}"
            small_project.edit("sources.yaml", old, new)
    files = plan_of(small_project)["load:survey"].params["files"]
    assert sorted(files) == ["homes.csv", "person/rows.csv", "tax_unit/rows.csv"]


def test_a_variable_drawn_from_the_base_itself_is_refused(small_project):
    small_project.edit("variables/imputed.yaml", "zero_inflated\n  from: donors", "zero_inflated\n  from: survey")
    place = small_project.at("variables/imputed.yaml", "survey")
    assert faults_of(small_project) == [
        f"{place}: dividends is drawn from the base itself; name another source, or leave out 'from'"
    ]
