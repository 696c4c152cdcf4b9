"""Growth factors: Tax-Calculator's table, products over years, and errors for what it does not hold."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.growth_factors import GrowthFactors
from microplex_spec.spec.project import resolve_file

FACTORS = GrowthFactors.read(resolve_file("package:taxcalc/growfactors.csv", Path()))
YEARS = st.integers(2011, 2036)


def test_a_factor_is_relative_to_the_year_before():
    assert FACTORS.factor("ACPIU", 2022, 2023) == 1.041353
    assert FACTORS.factor("AWAGE", 2014, 2016) == pytest.approx(1.024119 * 1.006659, rel=1e-12)


def test_factors_are_those_by_which_tax_calculator_carries_its_own_cps_file():
    assert len(FACTORS.indices) == 25
    assert FACTORS.factor("AUCOMP", 2020, 2021) == 8.619252


@given(st.sampled_from(FACTORS.indices), YEARS, YEARS, YEARS)
def test_going_by_way_of_another_year_is_the_same(index, start, between, end):
    by_way = FACTORS.factor(index, start, between) * FACTORS.factor(index, between, end)
    assert by_way == pytest.approx(FACTORS.factor(index, start, end), rel=1e-9)


def test_unknown_index_and_year_are_told_with_what_is_known():
    with pytest.raises(SpecError, match=r"unknown uprating index 'AWAGES'.*did you mean 'AWAGE'"):
        FACTORS.factor("AWAGES", 2014, 2023)
    with pytest.raises(SpecError, match=r"no growth factor of AWAGE for 2050.*years 2011 to 2036"):
        FACTORS.factor("AWAGE", 2014, 2050)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("YEAR,A\n2014,1\n2016,1\n", "consecutive years"),
        ("YEAR,A\n2014,1\n2015,-1\n", "not so in A"),
        ("YEAR,A\n2014,1\n2015,\n", "not so in A"),
        ("YR,A\n2014,1\n", "has no column 'YEAR'"),
    ],
)
def test_a_broken_table_is_an_error(tmp_path, text, says):
    (tmp_path / "growth.csv").write_text(text)
    with pytest.raises(SpecError, match=says):
        GrowthFactors.read(tmp_path / "growth.csv")
