"""The reader of Tax-Calculator's CPS file: who is in it, what is constructed, and what is counted once."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from source_entities import make_entities

from microplex_spec.population import Population
from microplex_spec.sources import Reader
from microplex_spec.sources.files import read_columns
from microplex_spec.sources.taxcalc_cps import TaxcalcCps
from microplex_spec.spec.entities import Entities, Entity
from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.registry import READERS


@pytest.fixture(scope="module")
def raw() -> pd.DataFrame:
    """The file's own rows of 2014 with their weight, by RECID."""
    folder = Path(importlib.util.find_spec("taxcalc").origin).parent
    names = "RECID FLPDYR h_seq XTOT nu06 nu13 nu18 n1820 n21 n24 MARS e00200 e00900 e02100 snap_ben housing_ben"
    rows = read_columns(folder / "cps.csv.gz", names.split())
    rows["weight"] = read_columns(folder / "cps_weights.csv.gz", ["WT2023"])["WT2023"] / 100
    return rows[rows.FLPDYR == 2014].sort_values("RECID", ignore_index=True)


def by_record(cps: Population, values: np.ndarray) -> np.ndarray:
    return values[np.argsort(cps.column("record_id"))]


def test_the_reader_is_found_by_name_and_taxcalc_is_not_imported():
    assert issubclass(READERS.load("taxcalc_cps"), Reader)
    code = (
        "import sys; from microplex_spec.sources.taxcalc_cps import TaxcalcCps; "
        "TaxcalcCps({'weights_year': 2023}).columns(); sys.exit('taxcalc' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_household_and_tax_unit_of_the_chosen_year_is_there(cps, raw):
    assert cps.size("household") == raw.h_seq.nunique() == 74_257
    assert cps.size("tax_unit") == len(raw) == 103_589
    assert set(cps.column("survey_year")) == {2014}
    assert set(cps.variables) == set(TaxcalcCps({"weights_year": 2023}).columns()) | {"design_weight"}


def test_persons_are_as_many_as_the_age_bands_say_in_every_tax_unit(cps, raw):
    age = cps.column("age")
    assert cps.size("person") == (raw.nu18 + raw.n1820 + raw.n21).sum()
    for band, inside in {"nu18": age < 18, "n1820": (age >= 18) & (age <= 20), "n21": age >= 21}.items():
        counted = cps.aggregate(inside, "person", "tax_unit", "count")
        assert np.array_equal(by_record(cps, counted), raw[band])


def test_dependants_fill_the_bands_of_children_and_the_17_year_olds_are_those_without_child_credit(cps, raw):
    age, dependent = cps.column("age"), cps.column("is_tax_unit_dependent")
    for column, below in {"nu06": 6, "nu13": 13, "n24": 17}.items():
        counted = cps.aggregate(dependent & (age < below), "person", "tax_unit", "count")
        assert np.array_equal(by_record(cps, counted), raw[column])


def test_only_dependants_are_constructed_and_they_have_no_income(cps):
    constructed = cps.column("is_constructed")
    assert np.array_equal(constructed, cps.column("is_tax_unit_dependent"))
    assert constructed.sum() == cps.column("n_dependents").sum()
    for income in ("employment_income", "self_employment_income", "farm_income", "is_blind"):
        assert not cps.column(income)[constructed].any()


def test_each_tax_unit_has_one_head_and_at_most_one_spouse_with_the_ages_of_the_file(cps):
    age = cps.column("age")
    assert np.array_equal(cps.of_role(age, "head", "tax_unit"), cps.column("age_head"))
    spouse = cps.of_role(age, "spouse", "tax_unit")
    assert np.array_equal(np.nan_to_num(spouse), cps.column("age_spouse"))
    assert set(cps.column("filing_status_code")[~np.isnan(spouse)]) == {"2"}


def test_persons_incomes_sum_to_the_file_s_totals(cps, raw):
    for name, column in {
        "employment_income": "e00200",
        "self_employment_income": "e00900",
        "farm_income": "e02100",
    }.items():
        summed = cps.aggregate(cps.column(name), "person", "tax_unit", "sum")
        assert np.array_equal(by_record(cps, summed), raw[column])


def test_a_marital_unit_is_a_couple_or_one_person(cps):
    head_or_spouse = ~cps.column("is_tax_unit_dependent")
    persons = cps.aggregate(np.ones(cps.size("person"), dtype=bool), "person", "marital_unit", "count")
    assert set(persons) == {1, 2}
    assert (persons == 2).sum() == cps.column("is_tax_unit_spouse").sum()
    adults = cps.aggregate(head_or_spouse, "person", "marital_unit", "count")
    assert (adults[persons == 2] == 2).all()


def test_design_weights_preserve_weighted_persons(cps, raw):
    persons = raw.nu18 + raw.n1820 + raw.n21
    assert cps.weights("design", "person").sum() == pytest.approx((persons * raw.weight).sum(), rel=1e-12)
    assert np.array_equal(
        cps.column("household_size"), cps.aggregate(np.ones(cps.size("person")), "person", "household", "sum")
    )


def test_snap_and_housing_repeated_across_tax_units_are_counted_once(cps, raw):
    repeated = raw.groupby("h_seq").snap_ben.agg(["min", "max"])
    assert (repeated["min"] == repeated["max"]).all()
    assert cps.column("snap_reported").sum() == repeated["max"].sum() < raw.snap_ben.sum()
    assert 0 < cps.column("housing_benefit").sum() < raw.housing_ben.sum()


def test_states_are_two_digit_codes(cps):
    states = set(cps.column("state_fips"))
    assert len(states) == 51
    assert {"01", "06", "11", "56"} <= states
    assert all(len(state) == 2 for state in states)


def test_a_household_reads_the_same_whichever_survey_years_are_asked_for(cps, entities):
    both = TaxcalcCps({"survey_years": (2013, 2014), "weights_year": 2023}).read(entities)
    again = both.select(both.column("survey_year") == 2014)
    for name, table in cps.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], table)


def test_entities_that_are_not_asked_for_are_left_out(cps):
    flat = TaxcalcCps({"weights_year": 2023}).read(make_entities("household", "person"))
    assert set(flat.tables) == {"household", "person"}
    assert np.array_equal(flat.column("age"), cps.column("age"))


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"weights_year": 2050}, "years 2014 to 2036"),
        ({"weights_year": 2023, "survey_years": (2011,)}, "2012, 2013, 2014"),
        ({"weights_year": 2023, "survey_year": (2014,)}, "did you mean 'survey_years'"),
        ({}, "lacks 'weights_year'"),
        ({"weights_year": "2023"}, "weights_year"),
    ],
)
def test_a_wrong_call_says_what_would_be_right(params, says, entities):
    with pytest.raises(SpecError, match=says):
        TaxcalcCps(params).read(entities)


def test_an_entity_or_link_that_the_file_cannot_give_is_an_error():
    person = Entity(name="person", within=("household", "hosehold"))
    odd = Entities({"household": Entity(name="household"), "person": person})
    with pytest.raises(SpecError, match="cannot place a person within a hosehold"):
        TaxcalcCps({"weights_year": 2023}).read(odd)
    with pytest.raises(SpecError, match="no entity 'benefit_unit'"):
        TaxcalcCps({"weights_year": 2023}).read(Entities({"benefit_unit": Entity(name="benefit_unit")}))
