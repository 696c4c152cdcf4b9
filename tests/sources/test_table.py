"""The reader of a user's own files: keys, links, joins, types, and errors that name what is wrong."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from source_entities import make_entities

from microplex_spec.population import Population
from microplex_spec.sources.table import Table
from microplex_spec.spec.errors import SpecError

ENTITIES = ("household", "tax_unit", "person")


def some(cps: Population) -> Population:
    """301 households of all states."""
    return cps.select(np.arange(cps.size("household")) % 247 == 100)


@pytest.fixture
def survey(cps: Population, tmp_path: Path) -> Path:
    """Some households of the CPS file as CSV and parquet files, one of them to join."""
    few = some(cps)
    household, unit, person = (few.tables[name] for name in ENTITIES)
    household = household.assign(serial=household.household_id.astype(str).str.zfill(12))
    serial = household.set_index("household_id").serial
    person = person.assign(serial=person.household_id.map(serial), line=person.groupby("household_id").cumcount())
    household[["serial", "state_fips", "design_weight"]].to_csv(tmp_path / "households.csv", index=False)
    unit[["record_id", "dividends"]].assign(hh=unit.household_id.map(serial)).to_csv(
        tmp_path / "units.csv", index=False
    )
    columns = ["serial", "line", "tax_unit_id", "age", "employment_income"]
    person[columns].iloc[::2].to_csv(tmp_path / "p1.csv.gz", index=False)
    person[columns].iloc[1::2].to_parquet(tmp_path / "p2.parquet", index=False)
    extra = person[["serial", "line", "is_blind"]].assign(is_blind=person.is_blind.astype(int))
    extra.iloc[::-1].to_csv(tmp_path / "extra.csv", index=False)
    return tmp_path


def params(**changes) -> dict:
    tables = {
        "household": {"file": "households.csv", "key": "serial"},
        "tax_unit": {"file": "units.csv", "key": "record_id", "links": {"household": "hh"}},
        "person": {
            "files": ("p1.csv.gz", "p2.parquet"),
            "key": ("serial", "line"),
            "links": {"tax_unit": "tax_unit_id"},
            "rename": {"employment_income": "wages"},
            "join": ({"file": "extra.csv", "on": ("serial", "line")},),
        },
    }
    for name, change in changes.items():
        tables[name] = tables[name] | change if change is not None else None
    return {"tables": tables, "weight": "design_weight", "types": {"is_blind": "bool"}}


def read(folder: Path, given: dict, names: tuple[str, ...] = ENTITIES) -> Population:
    return Table(given, folder).read(make_entities(*names))


def test_linked_files_become_the_population_they_were_written_from(survey, cps):
    found = read(survey, params())
    few = some(cps)
    assert {name: found.size(name) for name in ENTITIES} == {name: few.size(name) for name in ENTITIES}
    for name, wanted in {"wages": "employment_income", "age": "age", "is_blind": "is_blind"}.items():
        ours = found.aggregate(found.column(name).astype(float), "person", "household", "sum")
        assert np.array_equal(ours, few.aggregate(few.column(wanted).astype(float), "person", "household", "sum"))
    assert np.array_equal(found.weights(), few.weights())
    assert np.array_equal(found.tables["tax_unit"].tax_unit_id, np.sort(few.column("record_id")))


def test_a_code_with_leading_zeros_stays_a_code_undeclared(survey):
    found = read(survey, params())
    assert found.column("state_fips").dtype == object
    assert {len(code) for code in found.column("state_fips")} == {2}
    assert Table(params(), survey).columns()["state_fips"].dtype == "code"


def test_columns_and_files_are_known_before_reading(survey):
    reader = Table(params(), survey)
    assert {name: tuple(column) for name, column in reader.columns().items()} == {
        "state_fips": ("household", "code"),
        "dividends": ("tax_unit", "number"),
        "age": ("person", "number"),
        "wages": ("person", "number"),
        "is_blind": ("person", "bool"),
    }
    names = ["households.csv", "units.csv", "p1.csv.gz", "p2.parquet", "extra.csv"]
    assert [path.name for path in reader.files()] == names
    assert set(read(survey, params()).variables) == {*reader.columns(), "design_weight"}


def test_the_order_of_rows_and_files_changes_nothing(survey):
    found = read(survey, params())
    for name in ("households.csv", "units.csv"):
        pd.read_csv(survey / name, dtype=str).iloc[::-1].to_csv(survey / name, index=False)
    turned = read(survey, params(person={"files": ("p2.parquet", "p1.csv.gz")}))
    for name in ENTITIES:
        pd.testing.assert_frame_equal(turned.tables[name], found.tables[name])


@pytest.mark.parametrize("each", ["household", "person"])
def test_a_group_without_a_file_is_built_of_each_row_of_another(survey, each):
    given = params(person={"links": {"household": "serial"}, "drop": ("tax_unit_id",)})
    given["tables"]["tax_unit"] = {"each": each}
    found = read(survey, given)
    assert found.size("tax_unit") == found.size(each)
    members = found.aggregate(found.column("wages"), "person", "tax_unit", "sum")
    alike = found.column("wages") if each == "person" else found.aggregate(found.column("wages"), "person", each, "sum")
    assert np.array_equal(members, alike)


def test_a_flat_donor_needs_only_the_root(survey):
    given = {"tables": {"household": {"file": "units.csv", "rename": {"hh": "home"}}}, "weight": "dividends"}
    donor = read(survey, given, ("household",))
    assert donor.size("household") == len(pd.read_csv(survey / "units.csv"))
    assert set(donor.variables) == {"record_id", "home", "design_weight"}


def test_where_keeps_only_the_chosen_households(survey):
    found = read(survey, params() | {"where": 'state_fips == "06"'})
    assert set(found.column("state_fips")) == {"06"}
    assert 0 < found.size("household") < 301


def test_a_repeated_key_is_told_with_its_count(survey):
    rows = pd.read_csv(survey / "households.csv", dtype=str)
    pd.concat([rows, rows.iloc[:2]]).to_csv(survey / "households.csv", index=False)
    with pytest.raises(SpecError, match=r"table household: the key serial repeats in 2 of 303 rows, e\.g\. 0000"):
        read(survey, params())


def test_a_link_to_nowhere_is_told_with_its_count(survey):
    rows = pd.read_csv(survey / "households.csv", dtype=str)
    rows.iloc[3:].to_csv(survey / "households.csv", index=False)
    with pytest.raises(SpecError, match=r"rows of tax_unit link to no household by hh, e\.g\. 0000"):
        read(survey, params())


def test_a_join_that_misses_rows_or_repeats_keys_is_an_error(survey):
    rows = pd.read_csv(survey / "extra.csv", dtype=str)
    rows.iloc[5:].to_csv(survey / "extra.csv", index=False)
    with pytest.raises(SpecError, match=r"person: 5 of .* rows have no match in extra\.csv by serial, line"):
        read(survey, params())
    pd.concat([rows, rows.iloc[:1]]).to_csv(survey / "extra.csv", index=False)
    with pytest.raises(SpecError, match=r"extra\.csv \(joined to person\): the key serial, line repeats in 1 "):
        read(survey, params())


@pytest.mark.parametrize(("bad", "kind"), [("-1.5", "negative"), ("", "missing"), ("inf", "infinite")])
def test_a_weight_that_cannot_be_used_is_an_error_that_says_what_it_is_and_of_which_household(survey, bad, kind):
    rows = pd.read_csv(survey / "households.csv", dtype=str)
    rows.loc[7, "design_weight"] = bad
    rows.to_csv(survey / "households.csv", index=False)
    with pytest.raises(SpecError, match=f"{kind} weights in design_weight: 1 of 301 .* serial {rows.serial[7]}"):
        read(survey, params())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"file": "household.csv"}, "no such file.*did you mean 'households.csv'"),
        ({"key": "seriall"}, "no column 'seriall'.*did you mean 'serial'"),
        ({"rename": {"state": "fips"}}, "no column 'state'.*did you mean 'state_fips'"),
        ({"kee": "serial"}, "unknown key 'kee'"),
        ({"each": "person"}, "exactly one of file, files and each"),
        ({"rename": {"state_fips": "age"}}, "'age' is a column of household and of person"),
    ],
)
def test_a_wrong_name_is_told_with_the_nearest_right_one(survey, change, says):
    with pytest.raises(SpecError, match=says):
        read(survey, params(household=change))


def test_values_that_are_not_of_their_declared_type_are_an_error(survey):
    with pytest.raises(SpecError, match="column 'age' is not all bool"):
        read(survey, params() | {"types": {"is_blind": "bool", "age": "bool"}})
    with pytest.raises(SpecError, match=r"unknown column under types: 'agee' \(did you mean 'age'"):
        read(survey, params() | {"types": {"agee": "number"}})


def test_a_text_key_cannot_meet_a_number_key(survey):
    with pytest.raises(SpecError, match="text and number"):
        read(survey, params(person={"links": {"tax_unit": "serial"}}))


def test_a_group_that_no_link_reaches_is_an_error(survey):
    given = params(person={"links": {"household": "serial"}, "drop": ("tax_unit_id",)})
    with pytest.raises(SpecError, match="no link leads from person to tax_unit"):
        read(survey, given)


def test_an_entity_without_a_table_is_an_error(survey):
    with pytest.raises(SpecError, match="no table for the entity 'family'"):
        read(survey, params(), (*ENTITIES, "family"))


def pums_params() -> dict:
    return {
        "tables": {
            "household": {
                "files": ("h_36.parquet", "h_50.parquet"),
                "key": "SERIALNO",
                "columns": ("NP", "HINCP", "TEN"),
                "rename": {"STATE": "state_fips", "PUMA": "puma"},
            },
            "tax_unit": {"each": "household"},
            "person": {
                "files": ("p_36.parquet", "p_50.parquet"),
                "key": ("SERIALNO", "SPORDER"),
                "links": {"household": "SERIALNO"},
                "drop": ("STATE", "PUMA"),
                "rename": {"AGEP": "age"},
            },
        },
        "weight": "WGTP",
        "where": "NP > 0 and design_weight > 0",
    }


def test_the_american_community_survey_reads_by_its_record_layout(pums):
    found = Table(pums_params(), pums).read(make_entities(*ENTITIES))
    housing = pd.concat([pd.read_parquet(pums / f"h_{state}.parquet") for state in (36, 50)])
    persons = pd.concat([pd.read_parquet(pums / f"p_{state}.parquet") for state in (36, 50)])
    lived_in = housing[(housing.NP > 0) & (housing.WGTP > 0)]
    assert found.size("household") == len(lived_in)
    assert found.size("person") == persons.SERIALNO.isin(lived_in.SERIALNO).sum()
    assert found.weights().sum() == lived_in.WGTP.sum()
    persons_found = found.aggregate(np.ones(found.size("person")), "person", "household", "sum")
    assert np.array_equal(persons_found, found.column("NP"))
    assert set(found.column("state_fips")) == {"36", "50"}
    assert np.isnan(found.column("WAGP")).sum() > 0
