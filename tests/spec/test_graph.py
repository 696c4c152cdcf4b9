"""The order in which variables can be made, what each needs, and rings that forbid an order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_project import SmallProject

from microplex_spec.spec.graph import cycle, engine_inputs, needs, order
from microplex_spec.spec.load import load_spec

examples = settings(deadline=None, max_examples=200)
names = st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1)


@examples
@given(names=names, data=st.data())
def test_each_name_follows_what_it_needs_and_all_stay(names, data):
    before = {
        name: data.draw(st.sets(st.sampled_from(names[:at]) if at else st.nothing())) for at, name in enumerate(names)
    }
    given = data.draw(st.permutations(names))
    found = order(given, before.__getitem__)
    assert sorted(found) == sorted(names)
    assert all(found.index(other) < found.index(name) for name in names for other in before[name])


@examples
@given(names=names)
def test_names_that_need_nothing_keep_their_order(names):
    assert order(names, lambda name: set()) == names


def test_a_variable_needs_its_predictors_sets_and_zero_condition(small_project: SmallProject):
    spec = small_project.load()
    assert needs(spec, spec.variables["self_employment_income"]) == {"age", "employment_income", "is_tax_unit_head"}
    assert needs(spec, spec.variables["dividends"]) == {
        "age",
        "n_dependents",
        "self_employment_income",
        "unit_employment_income",
    }
    assert needs(spec, spec.variables["has_pension_plan"]) == {"age"}
    assert needs(spec, spec.variables["age"]) == set()


def test_all_variables_have_an_order(small_project: SmallProject):
    spec = small_project.load()
    assert cycle(spec) is None
    made = order(spec.variables, lambda name: needs(spec, spec.variables[name]))
    assert made.index("unit_employment_income") < made.index("dividends") < made.index("unit_income")


def test_what_an_engine_computes_needs_all_that_feeds_it_and_all_that_splits_it():
    spec = load_spec("us_cps_2023")
    fed = engine_inputs(spec.variables, "policyengine_us")
    assert {"age", "employment_income", "dividends"} - fed == {"dividends"}
    assert fed <= needs(spec, spec.variables["agi"])


MADE, IMPUTED = "variables/made.yaml", "variables/imputed.yaml"


@pytest.mark.parametrize(
    ("edits", "ring", "stands_at"),
    [
        (
            [("derive: sum(employment_income)", "derive: dividends * 2")],
            "dividends -> unit_employment_income -> dividends",
            (IMPUTED, "unit_employment_income"),
        ),
        (
            [
                ("derive: sum(employment_income)", "derive: unit_income"),
                (" + sum(self_employment_income) + dividends", ""),
            ],
            "unit_employment_income -> unit_income -> unit_employment_income",
            (MADE, "unit_income\nunit_income:"),
        ),
        (
            [("by: {age < 25: 0.2,", "by: {has_pension_plan: 0.2,")],
            "has_pension_plan -> has_pension_plan",
            (MADE, "has_pension_plan: 0.2"),
        ),
    ],
)
def test_a_ring_is_told_from_its_first_variable_on_where_that_needs_the_next(
    small_project: SmallProject, edits, ring, stands_at
):
    for old, new in edits:
        small_project.edit(MADE, old, new)
    (told,) = small_project.errors()
    place, message = told.split(": ", 1)
    assert message.startswith(f"variables need each other in a ring: {ring} (")
    assert place == small_project.at(*stands_at)
