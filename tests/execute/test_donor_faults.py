"""Faults of donors that only their data show: told by the plan with counts, where the fault is declared."""

import re

import numpy as np
import pandas as pd
import pytest
from small_project import QUALIFIED

from microplex_spec.cli import main

IMPUTED = "variables/imputed.yaml"


@pytest.fixture
def told(small_project, capsys):
    """Change a table of the small project, and read what a refused plan says; nothing is written by it."""

    def tell(table: str, change) -> str:
        path = small_project.spec_folder / "data" / f"{table}.csv"
        change(pd.read_csv(path)).to_csv(path, index=False)
        assert main(["plan", "--project", str(small_project.root), "spec=small", "scale=full"]) == 2
        assert not list(small_project.root.glob("runs/small/*"))
        return capsys.readouterr().err

    return tell


def with_value(column, value, rows=3):
    """A change that puts a value into the first rows of a column."""
    return lambda data: data.assign(**{column: data[column].astype(object).where(data.index >= rows, value)})


@pytest.mark.parametrize("source", ["donors", "survey"])
def test_infinite_predictors_are_told_at_the_predictor_with_their_number(small_project, told, source):
    error = told(f"{source}_person", with_value("age", np.inf))
    at = small_project.at("spec.yaml", "age", "worker: [age")
    assert f"{at}: predictor 'age': 3 of " in error and f"rows (person) of {source} is infinite" in error


def test_a_predictor_that_is_computed_from_an_infinite_column_is_told_too(small_project, told):
    error = told("donors_person", with_value("employment_income", np.inf, rows=1))
    at = small_project.at(IMPUTED, "unit_employment_income")
    assert f"{at}: predictor 'unit_employment_income': 1 of " in error


def test_a_predictor_that_the_donor_lacks_is_told_where_it_is_named(small_project, told):
    error = told("donors_tax_unit", lambda data: data.drop(columns="n_dependents"))
    assert f"{small_project.at(IMPUTED, 'n_dependents')}: predictor 'n_dependents' is not in the donor donors" in error


def test_text_in_a_numeric_predictor_is_told_with_the_number_of_words(small_project, told):
    error = told("donors_tax_unit", with_value("n_dependents", "two", rows=4))
    at = small_project.at(IMPUTED, "n_dependents")
    assert f"{at}: predictor 'n_dependents': 'n_dependents' of donors is to hold numbers, and 4 of " in error
    assert "rows (tax_unit) holds text" in error


def test_text_among_the_amounts_to_draw_is_told_with_the_number_of_words(small_project, told):
    error = told("donors_tax_unit", with_value("dividends", "none", rows=2))
    at = small_project.at(IMPUTED, "donors", "zero_inflated\n  from: donors")
    assert f"{at}: dividends: 'dividends' of donors is to hold numbers, and 2 of " in error


def test_donors_that_all_weigh_zero_where_a_value_can_stand_are_told(small_project, told):
    """Only a household of children has a weight."""
    folder = small_project.spec_folder / "data"
    persons = pd.read_csv(folder / "donors_person.csv")
    alone = persons.household_id.iloc[0] if "household_id" in persons else None
    units = pd.read_csv(folder / "donors_tax_unit.csv")
    household = alone or units.household_id.iloc[0]
    members = persons.tax_unit_id.isin(units.tax_unit_id[units.household_id == household])
    persons.loc[members, "age"] = 10
    persons.to_csv(folder / "donors_person.csv", index=False)
    only = lambda data: data.assign(design_weight=np.where(data.household_id == household, 1.0, 0.0))  # noqa: E731
    error = told("donors_household", only)
    assert f"{small_project.at(IMPUTED, 'age < 16')}: self_employment_income: all " in error
    assert "rows that can hold one (person of donor donors) weigh zero" in error


def test_infinite_amounts_to_draw_are_told_with_their_number(small_project, told):
    error = told("donors_tax_unit", with_value("dividends", np.inf, rows=2))
    assert "dividends: 2 of " in error and "donors (tax_unit of donors) have no finite value" in error


def test_predictors_beyond_the_range_of_float32_are_told(small_project, told):
    assert "predictor 'age': 1 of " in told("donors_person", with_value("age", 1e39, rows=1))


def test_text_among_amounts_with_structural_zeros_is_told(small_project, told):
    error = told("donors_person", with_value("self_employment_income", "abc", rows=1))
    assert "self_employment_income: 'self_employment_income' of donors is to hold numbers, and 1 of " in error


def test_amounts_of_donors_who_can_hold_none_are_told_with_their_number_and_weight(small_project, told):
    grown = lambda data: data.assign(age=np.where(data.self_employment_income != 0, 5, data.age))  # noqa: E731
    at = small_project.at(IMPUTED, "age < 16")
    assert re.search(
        rf"{at}: self_employment_income: \d+ donors \(\d+\.\d+% of the weight\) for whom zero_when holds have a value",
        told("donors_person", grown),
    )


def test_a_part_above_its_total_is_told_with_the_number_of_donors(small_project, told):
    small_project.append(IMPUTED, QUALIFIED)
    error = told("donors_tax_unit", lambda data: data.assign(qualified_dividends=3 * data.dividends))
    at = small_project.at(IMPUTED, "dividends", "share_of: dividends")
    assert re.search(rf"{at}: qualified_dividends: of \d+ of \d+ donors it is below zero or above dividends", error)


def test_two_parts_of_one_total_drawn_each_by_itself_are_refused(small_project, told):
    small_project.append(IMPUTED, QUALIFIED + QUALIFIED.replace("ualified_dividends", "uick_dividends"))
    parts = lambda data: data.assign(qualified_dividends=data.dividends / 2, quick_dividends=data.dividends / 2)  # noqa: E731
    error = told("donors_tax_unit", parts)
    assert "quick_dividends: qualified_dividends is drawn as a share of dividends, too" in error


@pytest.mark.parametrize(
    ("variable", "bounds", "said"),
    [
        ("dividends", "{max: -5}", "bounds end at -5, below the smallest gain of any donor"),
        ("self_employment_income", "{min: -0.001}", "bounds start at -0.001, above the smallest loss of any donor"),
    ],
)
def test_bounds_that_leave_no_room_for_what_donors_hold_are_told(small_project, told, variable, bounds, said):
    small_project.edit(IMPUTED, f"{variable}:\n", f"{variable}:\n  bounds: {bounds}\n")
    error = told("donors_person", lambda data: data)
    assert f"{variable}: {said}" in error
