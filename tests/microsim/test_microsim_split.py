"""Splitting a group's amount among its members keeps totals, gives to the right ones, and refuses to lose money."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microplex_spec.microsim.split import convert, divide, or_else
from microplex_spec.population import Population
from microplex_spec.spec.entities import Entities, Entity
from microplex_spec.spec.errors import SpecError

ENTITIES = Entities(
    {
        "household": Entity(name="household"),
        "tax_unit": Entity(name="tax_unit", within=("household",), roles={"head": "is_head", "spouse": "is_spouse"}),
        "person": Entity(name="person", within=("household", "tax_unit")),
    }
)


@pytest.fixture
def population() -> Population:
    """Unit 7: a couple of 70 and 60 with a child; units 3 and 5: single persons of one household."""
    return Population(
        ENTITIES,
        {
            "household": pd.DataFrame({"household_id": [20, 10], "design_weight": [1.0, 2.0]}),
            "tax_unit": pd.DataFrame({"tax_unit_id": [7, 3, 5], "household_id": [10, 20, 20]}),
            "person": pd.DataFrame(
                {
                    "person_id": [1, 2, 3, 4, 5],
                    "household_id": [20, 10, 10, 10, 20],
                    "tax_unit_id": [3, 7, 7, 7, 5],
                    "age": [40, 70, 60, 9, 30],
                    "is_head": [True, True, False, False, True],
                    "is_spouse": [False, False, True, False, False],
                }
            ),
        },
    )


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("head", [4, 6, 0, 0, 0]),
        ("adults", [4, 3, 3, 0, 0]),
        ("members", [4, 2, 2, 2, 0]),
        ("by", [4, 6, 0, 0, 0]),
    ],
)
def test_each_split_gives_the_amount_to_its_members(population, split, expected):
    amount = np.array([6.0, 4.0, 0.0])
    old = population.column("age") >= 62
    assert convert(population, amount, "tax_unit", "person", split, old).tolist() == expected


def test_a_split_by_age_goes_to_the_head_where_nobody_is_old_enough(population):
    among = convert(population, np.array([6.0, 4.0, 1.0]), "tax_unit", "person", "by", population.column("age") < 20)
    assert among.tolist() == [4, 0, 0, 6, 1]


def test_amounts_go_up_by_sum_and_flags_by_any(population):
    wages = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    assert convert(population, wages, "person", "tax_unit").tolist() == [9, 1, 5]
    assert convert(population, wages > 4, "person", "household").tolist() == [True, False]


def test_a_household_amount_reaches_its_tax_units_through_the_members(population):
    rent = convert(population, np.array([10.0, 9.0]), "household", "tax_unit", "members")
    assert rent.tolist() == [9, 5, 5]


def test_flags_and_codes_are_copied_not_divided(population):
    flag = convert(population, np.array([True, False, True]), "tax_unit", "person", "adults")
    assert flag.tolist() == [False, True, True, False, True]
    code = convert(population, np.array(["a", "b", "c"], dtype=object), "tax_unit", "person", "members")
    assert code.tolist() == ["b", "a", "a", "a", "c"]


def test_a_group_amount_without_a_split_is_an_error_that_names_the_splits(population):
    with pytest.raises(SpecError, match="head, adults, members or by"):
        convert(population, np.ones(3), "tax_unit", "person")


def test_a_split_by_a_role_that_the_group_lacks_is_an_error(population):
    with pytest.raises(SpecError, match="household has no role 'head'"):
        convert(population, np.ones(2), "household", "person", "head")


def test_an_amount_that_nobody_can_claim_is_an_error():
    with pytest.raises(ValueError, match="1 groups"):
        divide(np.array([5.0, 0.0]), np.array([0, 0, 1]), np.array([0, 0, 1]))


@given(st.data())
def test_dividing_keeps_every_group_total(data):
    groups = data.draw(st.integers(1, 6))
    positions = np.array(data.draw(st.lists(st.integers(0, groups - 1), min_size=1, max_size=30)))
    claims = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(positions), max_size=len(positions))))
    values = np.array(data.draw(st.lists(st.floats(-1e9, 1e9), min_size=groups, max_size=groups)))
    claims = or_else(claims, np.ones(len(positions)), positions, groups)
    values[np.bincount(positions, minlength=groups) == 0] = 0
    among = divide(values, positions, claims)
    np.testing.assert_allclose(np.bincount(positions, among, groups), values, rtol=1e-12, atol=1e-6)
