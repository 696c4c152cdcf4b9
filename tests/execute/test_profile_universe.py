"""The profile knows the universe of each imputed variable, and faults of it are told at plan time."""

import json

import numpy as np
import pandas as pd
import pytest
from small_builds import build_small, plan_small

from microplex_spec.cli import main
from microplex_spec.compile.profile import SourceProfile
from microplex_spec.execute import profile
from microplex_spec.execute.profile import profile_sources

IMPUTED = "variables/imputed.yaml"
BUSINESS = "regime: three_sign\n  from: donors"


def read(small, table: str) -> pd.DataFrame:
    return pd.read_csv(small.spec_folder / "data" / f"{table}.csv")


def write(small, table: str, data: pd.DataFrame) -> None:
    data.to_csv(small.spec_folder / "data" / f"{table}.csv", index=False)


def told(small, capsys) -> str:
    """What a refused plan says."""
    assert main(["plan", "--project", str(small.root), "spec=small", "scale=full"]) == 2
    return capsys.readouterr().err


@pytest.fixture
def reads(monkeypatch):
    """The sources read, by name, in order."""
    seen: list[str] = []
    read_source = profile._read

    def counted(spec, source, reader):
        seen.append(source.name)
        return read_source(spec, source, reader)

    monkeypatch.setattr(profile, "_read", counted)
    return seen


def test_a_universe_has_the_rows_and_the_support_of_those_who_can_hold_a_value(small_project):
    profiles = profile_sources(small_project.load())
    donors, base = read(small_project, "donors_person"), read(small_project, "survey_person")
    old = donors[donors.age >= 16]
    found = profiles["donors"].universes["self_employment_income"]
    assert (found.rows, found.total, found.missing) == (len(old), len(donors), 0)
    assert found.support is not None and found.support.rows == len(old)
    assert found.support.rows_zero == (old.self_employment_income == 0).sum()
    of_base = profiles["survey"].universes["self_employment_income"]
    assert (of_base.rows, of_base.total, of_base.support) == ((base.age >= 16).sum(), len(base), None)


def test_a_variable_without_structural_zeros_has_no_universe_of_its_own(small_project):
    assert all("dividends" not in found.universes for found in profile_sources(small_project.load()).values())


def test_a_share_has_the_support_of_the_shares_where_the_total_is_not_zero(small_project):
    donors = read(small_project, "donors_tax_unit").assign(qualified_dividends=lambda t: (t.dividends * 0.5).round(2))
    write(small_project, "donors_tax_unit", donors)
    small_project.append(
        IMPUTED,
        "\nqualified_dividends:\n  {label: Qualified, entity: tax_unit, unit: usd, regime: positive, from: donors,"
        " share_of: dividends, predictors: [head.age], uprate: ADIVS}\n",
    )
    profiles = profile_sources(small_project.load())
    found = profiles["donors"].universes["qualified_dividends"]
    assert found.rows == (donors.dividends != 0).sum()
    assert found.support is not None and found.support.rows_zero == 0
    assert 0 < (found.support.smallest_positive or 0) <= 1
    # The base has the total only once it is imputed: the donor's share stands in.
    assert "qualified_dividends" not in profiles["survey"].universes
    assert plan_small(small_project)["impute:qualified_dividends"].params["regime"] == "positive"


def test_the_base_is_not_asked_for_what_it_still_has_to_be_given(small_project):
    small_project.edit(
        IMPUTED, "  regime: zero_inflated\n", "  regime: zero_inflated\n  zero_when: unit_business == 0\n"
    )
    small_project.append(
        "variables/made.yaml",
        "\nunit_business: {label: x, entity: tax_unit, unit: usd, derive: sum(self_employment_income)}\n",
    )
    profiles = profile_sources(small_project.load())
    assert "dividends" not in profiles["survey"].universes
    donors = read(small_project, "donors_person")
    business = donors.groupby("tax_unit_id").self_employment_income.sum()
    assert profiles["donors"].universes["dividends"].rows == (business != 0).sum()


def test_amounts_are_compared_in_the_year_of_the_spec(small_project):
    wages = read(small_project, "donors_person").employment_income
    border = float(wages[wages > 0].median())
    small_project.edit(IMPUTED, "age < 16", f"employment_income <= {border:g}")
    found = profile_sources(small_project.load())["donors"].universes["self_employment_income"]
    assert found.rows > (wages > border).sum()


def test_another_structural_zero_reads_again_only_for_its_own_universe(small_project, reads):
    spec = small_project.load()
    profile_sources(spec)
    assert reads == ["survey", "donors"]
    remembered = {path: path.stat().st_mtime_ns for path in (spec.project.cache / "profiles").glob("*.json")}
    profile_sources(small_project.load())
    assert reads == ["survey", "donors"]
    small_project.edit(IMPUTED, "age < 16", "age <  16")
    profile_sources(small_project.load())
    assert reads == ["survey", "donors"]
    small_project.edit(IMPUTED, "age <  16", "age < 18")
    found = profile_sources(small_project.load())["donors"].universes["self_employment_income"]
    assert reads == ["survey", "donors", "survey", "donors"]
    assert found.rows == (read(small_project, "donors_person").age >= 18).sum()
    after = {path: path.stat().st_mtime_ns for path in (spec.project.cache / "profiles").glob("*.json")}
    assert after == remembered


def test_a_profile_is_read_back_as_it_was_written_groups_and_universes_included(small_project):
    for name, found in profile_sources(small_project.load()).items():
        assert SourceProfile.from_json(json.loads(json.dumps(found.to_json()))) == found
        persons = read(small_project, f"{name}_person")
        sizes = persons.groupby("tax_unit_id").size()
        persons_per_unit = found.groups["tax_unit"]["person"]
        assert persons_per_unit.largest == sizes.max()
        assert persons_per_unit.mean == pytest.approx(len(persons) / len(read(small_project, f"{name}_tax_unit")))
        assert set(found.groups["household"]) == {"person", "tax_unit"}


def test_the_rows_planned_for_are_those_that_the_run_fits_and_draws(small_project):
    build = build_small(small_project)
    record = json.loads((build.artifact("impute:self_employment_income") / "record.json").read_text(encoding="utf-8"))
    profiles = profile_sources(small_project.load())
    assert record["donors"] == profiles["donors"].universes["self_employment_income"].rows
    assert record["recipients"] == profiles["survey"].universes["self_employment_income"].rows


def test_a_regime_is_checked_against_the_values_of_its_universe_alone(small_project, capsys):
    """Without children no zero remains: a regime of positive values holds, and one of them among adults breaks it."""
    donors = read(small_project, "donors_person")
    donors["self_employment_income"] = np.where(donors.age < 16, 0, 10)
    write(small_project, "donors_person", donors)
    small_project.edit(IMPUTED, BUSINESS, "regime: positive\n  from: donors")
    assert plan_small(small_project)["impute:self_employment_income"].params["regime"] == "positive"
    donors.loc[(donors.age >= 16) & (donors.index % 2 == 0), "self_employment_income"] = 0
    write(small_project, "donors_person", donors)
    error = told(small_project, capsys)
    assert "regime 'positive' does not hold" in error and small_project.at(IMPUTED, "positive") in error


def test_an_undeclared_regime_is_that_of_the_universe(small_project):
    donors = read(small_project, "donors_person")
    donors["self_employment_income"] = np.where(donors.age < 16, 0, 10.5 + donors.index)
    write(small_project, "donors_person", donors)
    small_project.edit(IMPUTED, BUSINESS, "regime: auto\n  from: donors")
    assert plan_small(small_project)["impute:self_employment_income"].params["regime"] == "positive"


def test_donors_without_a_value_are_told_by_the_plan_where_the_donor_is_named(small_project, capsys):
    donors = read(small_project, "donors_person").astype({"self_employment_income": float})
    donors.loc[donors.age < 16, "self_employment_income"] = np.nan
    write(small_project, "donors_person", donors)
    plan_small(small_project)
    adults = donors.index[donors.age >= 16]
    donors.loc[adults[:3], "self_employment_income"] = np.nan
    write(small_project, "donors_person", donors)
    error = told(small_project, capsys)
    assert f"self_employment_income: 3 of {len(adults):,} donors (person of donors) have no finite value" in error
    assert small_project.at(IMPUTED, "donors", BUSINESS) in error


def test_missing_values_of_a_donor_are_told_without_structural_zeros_too(small_project, capsys):
    donors = read(small_project, "donors_tax_unit").astype({"dividends": float})
    donors.loc[0, "dividends"] = np.nan
    write(small_project, "donors_tax_unit", donors)
    assert f"dividends: 1 of {len(donors):,} donors (tax_unit of donors) have no finite value" in told(
        small_project, capsys
    )


def test_a_universe_without_donors_is_told_where_it_is_declared(small_project, capsys):
    small_project.edit(IMPUTED, "age < 16", "age < 200")
    error = told(small_project, capsys)
    assert "no person of donor donors can hold a value" in error and small_project.at(IMPUTED, "age < 200") in error


def test_two_heads_of_a_unit_are_told_where_the_source_is_declared(small_project, capsys):
    donors = read(small_project, "donors_person")
    units = donors.tax_unit_id.value_counts()
    donors.loc[donors.tax_unit_id == units.index[0], "is_tax_unit_head"] = 1
    write(small_project, "donors_person", donors)
    error = told(small_project, capsys)
    assert "donors: 1 of" in error and "have more than one head" in error and "sources.yaml:" in error
