"""The table of rules: the first that holds decides, the runner-up is named, and a spec may put its own before it."""

import pytest
from test_compile_plan import plan_of

from microplex_spec.compile.choose import (
    CALIBRATOR_RULES,
    IMPUTER_RULES,
    CalibratorNeeds,
    choose_calibrator,
    choose_imputer,
)
from microplex_spec.spec.choices import BackendChoice
from microplex_spec.spec.cost import ImputeShape
from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.regimes import REGIMES
from microplex_spec.spec.registry import CALIBRATORS, IMPUTERS
from microplex_spec.spec.rules import Rule, When

SHAPE = ImputeShape(
    donors=4_000, recipients=2_000, predictors=6, regime="three_sign", share_zero=0.9, share_negative=0.02
)
OWN = """\
- name: few-zeros
  when: {regime: [zero_inflated, three_sign], donors_below: 700}
  use: qrf
  because: a gate on so few donors is noise
- name: always-entropy
  use: entropy
"""


def needs(**changed) -> CalibratorNeeds:
    given = {"targets": 10, "records": 100, "nonzeros": 500, "signed": 0, "zeros": 0}
    return CalibratorNeeds(**{**given, **changed})


def write_rules(small, text: str) -> None:
    small.spec_folder.joinpath("rules.yaml").write_text(text, encoding="utf-8")


def test_every_built_in_rule_names_a_backend_and_says_why_and_the_last_holds_for_all():
    assert {rule.use for rule in IMPUTER_RULES} <= set(IMPUTERS.names())
    assert {rule.use for rule in CALIBRATOR_RULES} <= set(CALIBRATORS.names())
    for table in (IMPUTER_RULES, CALIBRATOR_RULES):
        assert len({rule.name for rule in table}) == len(table)
        assert all(rule.because for rule in table)
        assert table[-1].when == When()


def test_a_condition_that_is_not_met_is_told_in_words():
    facts = {"regime": "positive", "donors": 90, "exact": False, "share_zero": 0.2}
    assert When().unmet(facts) == ""
    assert When(donors_at_least=90, share_zero_below=0.3).unmet(facts) == ""
    assert When(donors_at_least=91).unmet(facts) == "donors of at least 91"
    assert When(donors_below=90).unmet(facts) == "donors below 90"
    assert When(regime=("count", "binary")).unmet(facts) == "regime count or binary"
    assert When(exact=True).unmet(facts) == "exact"


def test_a_reason_gives_the_evidence_and_the_runner_up_with_its_cost_and_what_spoke_against_it():
    reason = choose_imputer("auto", {}, REGIMES["three_sign"], SHAPE, None).reason
    assert reason.rule == "sign-gate"
    assert reason.text.startswith(
        "three_sign: a sign gate and a forest per sign; 90% zeros in 4,000 donors; runner-up qrf: "
    )
    assert reason.text.endswith(" s, one forest over all values, no sign gate")
    few = ImputeShape(40, 10, 2, "three_sign", 0.5)
    told = choose_imputer("auto", {}, REGIMES["three_sign"], few, None).reason.text
    assert "runner-up regime_aware: " in told and told.endswith("is for donors of at least 500")


def test_a_backend_that_does_not_fit_the_memory_is_passed_over():
    large = ImputeShape(2_000_000, 2_000_000, 20, "three_sign", 0.0)
    costs = {name: IMPUTERS.load(name).predict_cost(large, {}).bytes for name in ("qrf", "regime_aware")}
    assert costs["qrf"] < costs["regime_aware"]
    between = (costs["qrf"] + costs["regime_aware"]) // 2
    choice = choose_imputer("auto", {}, REGIMES["three_sign"], large, None, memory=between)
    assert choice.name == "qrf"
    assert "runner-up regime_aware: " in choice.reason.text and "does not fit the memory" in choice.reason.text


def test_calibrators_are_chosen_by_what_the_targets_ask():
    assert choose_calibrator("auto", {}, needs(targets=0)).name == "none"
    assert choose_calibrator("auto", {}, needs()).name == "logit"
    exact = choose_calibrator("auto", {}, needs(exact=True))
    assert (exact.name, exact.reason.rule) == ("entropy", "exact-unbounded")
    assert "runner-up logit: " in exact.reason.text
    assert choose_calibrator("auto", {"upper": 4.0}, needs(exact=True)).name == "logit"


@pytest.mark.parametrize("params", [{"max_records": 50}, {"max_records": 50, "upper": 4.0}])
def test_a_record_budget_is_served_by_a_calibrator_that_has_one(params):
    for exact in (True, False):
        choice = choose_calibrator("auto", params, needs(exact=exact))
        assert (choice.name, choice.reason.rule, choice.params) == ("sparse", "record-budget", params)
        assert "a record budget was asked for" in choice.reason.text
        assert choice.reason.text.endswith(", lacks a record budget")


def test_rules_of_the_caller_come_before_the_built_in_ones():
    own = (Rule(name="mine", when=When(donors_at_least=4_000), use="qrf", because="measured so"),)
    choice = choose_imputer("auto", {}, REGIMES["three_sign"], SHAPE, None, rules=own)
    assert (choice.name, choice.reason.rule) == ("qrf", "mine")
    assert choice.reason.text.startswith("three_sign: measured so; ")
    assert choose_imputer("regime_aware", {}, REGIMES["three_sign"], SHAPE, None, rules=own).name == "regime_aware"


def test_rules_of_a_spec_decide_its_plan(small_project):
    write_rules(small_project, OWN)
    plan = plan_of(small_project)
    assert plan["impute:dividends"].backend == "qrf"
    assert plan["impute:dividends"].reasons[0].rule == "few-zeros"
    assert plan["impute:self_employment_income"].backend == "regime_aware"
    assert plan["calibrate:small"].reasons[0].rule == "always-entropy"


@pytest.mark.parametrize(
    ("old", "new", "at", "fault"),
    [
        ("donors_below", "donors_belw", "donors_belw", "unknown key 'donors_belw' (did you mean 'donors_below'?)"),
        ("use: qrf", "use: qfr", "qfr", "unknown backend 'qfr' (did you mean 'qrf'?)"),
        (
            "zero_inflated,",
            "zero_inflatd,",
            "zero_inflatd",
            "unknown regime 'zero_inflatd' (did you mean 'zero_inflated'?)",
        ),
        ("donors_below: 700", "exact: true", "exact", "'exact' is no condition for choosing imputers"),
        ("always-entropy", "few-zeros", None, "rule 'few-zeros' stands twice"),
    ],
)
def test_a_faulty_rule_is_an_error_with_its_place_and_the_nearest_name(small_project, old, new, at, fault):
    assert OWN.count(old) == 1
    write_rules(small_project, OWN.replace(old, new))
    told = small_project.errors()
    assert len(told) == 1 and fault in told[0], told
    place = small_project.at("rules.yaml", at) if at else "conf/specs/small/rules.yaml:5:"
    assert told[0].startswith(place)


def test_a_file_of_rules_must_be_a_list(small_project):
    write_rules(small_project, "few-zeros: {use: qrf}\n")
    assert small_project.errors() == ["conf/specs/small/rules.yaml:1:1: the file must list rules"]


def test_an_explicit_choice_that_cannot_serve_names_what_it_lacks_and_what_would(monkeypatch):
    backend = CALIBRATORS.load("entropy")
    fewer = {**vars(backend.capabilities), "signed_targets": False}
    monkeypatch.setattr(backend, "capabilities", type(backend.capabilities)(**fewer))
    with pytest.raises(SpecError) as caught:
        choose_calibrator("entropy", {}, needs(signed=3))
    told = str(caught.value)
    assert told.startswith("calibrator 'entropy' lacks targets below zero (3 targets) (served by: chi2, ")
    assert "ipf" not in told and "logit" in told
    assert choose_calibrator("auto", {}, needs(signed=3, exact=True)).name == "logit"


def test_a_calibrator_of_margins_alone_is_refused_with_the_place_of_each_target(small_project):
    with pytest.raises(SpecError) as caught:
        plan_of(small_project, calibrator=BackendChoice(name="ipf"))
    told = [str(problem) for problem in caught.value.problems]
    at = small_project.at("targets/small/income.yaml", "sum(employment_income)")
    assert any(text.startswith(f"{at}: target 'small.employment_income.amount' is no margin") for text in told)
    assert "lacks targets that are no margins" in told[-1] and "logit" in told[-1]


@pytest.mark.parametrize(
    ("params", "lacking", "serving"),
    [({"upper": 4.0}, "bounds of weight ratios", "logit"), ({"max_records": 10}, "a record budget", "sparse")],
)
def test_a_parameter_of_what_a_calibrator_cannot_do_names_those_that_can(params, lacking, serving):
    with pytest.raises(SpecError, match=f"'microcalibrate' lacks {lacking}.*{serving}"):
        choose_calibrator("microcalibrate", params, needs())


def test_bounds_beside_a_record_budget_are_those_of_the_records_kept_and_a_budget_serves_no_others():
    for name in ("sparse", "hardconcrete"):
        asked = {"upper": 4.0, "max_records": 10}
        assert choose_calibrator(name, asked, needs()).params == asked
    with pytest.raises(SpecError, match="served by: chi2, entropy, logit\\)"):
        choose_calibrator("microcalibrate", {"upper": 4.0}, needs())


def test_a_calibrator_beyond_the_memory_is_refused_with_both_figures_and_the_alternative():
    wanted = needs(targets=4_000, records=1_500_000, nonzeros=300_000_000)
    with pytest.raises(SpecError) as caught:
        choose_calibrator("microcalibrate", {}, wanted, memory=16_000_000_000)
    told = str(caught.value)
    assert "needs 4" in told and "the budget is 16.0 GB" in told and "logit" in told
