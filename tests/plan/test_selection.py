"""Selections: which steps a name stands for, and what goes with them up and down the plan."""

import pytest

from microplex_spec import compile_plan
from microplex_spec.plan import Plan
from microplex_spec.plan.select import select, selected
from microplex_spec.spec.errors import SpecError


@pytest.fixture(scope="module")
def plan(small_project_template) -> Plan:
    return compile_plan(small_project_template.load())


DOWN = {"derive:unit_income", "targets:small", "calibrate:small", "evaluate:small", "export:small", "report:small"}


@pytest.mark.parametrize(
    ("expression", "steps"),
    [
        ("dividends", {"impute:dividends"}),
        ("impute:dividends", {"impute:dividends"}),
        ("impute", {"impute:dividends", "impute:self_employment_income"}),
        ("impute:*", {"impute:dividends", "impute:self_employment_income"}),
        ("*_income", {"derive:unit_income", "derive:unit_employment_income", "impute:self_employment_income",
                      "load:survey", "uprate:survey"}),
        ("donors", {"load:donors", "uprate:donors"}),
        ("small.dividends.returns", {"targets:small"}),
        ("small.population.*", {"targets:small"}),
        ("age", {"load:survey", "uprate:survey"}),
        ("dividends+", {"impute:dividends", *DOWN}),
        ("+has_pension_plan", {"load:survey", "uprate:survey", "rate:has_pension_plan"}),
        ("+unit_income+", {"load:survey", "uprate:survey", "load:donors", "uprate:donors", "impute:dividends",
                           "impute:self_employment_income", "derive:unit_employment_income", "derive:unit_income",
                           "evaluate:small", "export:small", "report:small"}),
        ("dividends has_pension_plan", {"impute:dividends", "rate:has_pension_plan"}),
        ("dividends, has_pension_plan,", {"impute:dividends", "rate:has_pension_plan"}),
    ],
)  # fmt: skip
def test_an_expression_selects_steps(plan, expression, steps):
    assert selected(plan, expression) == steps


def test_unknown_names_are_all_reported_with_the_nearest(plan):
    with pytest.raises(SpecError) as caught:
        selected(plan, "+dividnds calibrat+ dividends nothing*")
    told = str(caught.value)
    assert "unknown name in the selection 'dividnds' (did you mean 'dividends'?)" in told
    assert "'calibrat' (did you mean 'calibrate'?)" in told and "'nothing*'" in told


@pytest.mark.parametrize("expression", ["", "  ", ","])
def test_an_empty_selection_is_an_error(plan, expression):
    with pytest.raises(SpecError, match="empty selection"):
        selected(plan, expression)


def test_a_restricted_plan_holds_the_selected_steps_and_all_they_need(plan):
    few = plan.restricted_to(selected(plan, "dividends"))
    assert {step.id for step in few} == selected(plan, "+dividends")
    assert [few[step.id] for step in few] == [plan[step.id] for step in few]
    assert few.key != plan.key and few.seconds() < plan.seconds()
    assert plan.restricted_to({step.id for step in plan}).key == plan.key


def test_every_name_of_a_restricted_plan_selects_steps_of_it(plan):
    few = plan.restricted_to({"load:survey"})
    assert selected(few, "age") == {"load:survey"}


def test_a_diamond_is_walked_once_in_each_direction():
    needs = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
    names = {node: {node} for node in needs}
    assert select("+d", needs, names) == select("a+", needs, names) == set(needs)
    assert select("+b+", needs, names) == {"a", "b", "d"}
