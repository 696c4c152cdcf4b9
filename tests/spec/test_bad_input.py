"""Bad files and bad specs as a whole: every fault is told, together, and nothing makes the loader crash."""

import hashlib
from pathlib import Path

import pytest
from fault_case import IMPUTED, INCOME, OBSERVED, POPULATION
from small_project import SmallProject

from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.load import load_spec
from microplex_spec.spec.project import find_project

STATES = "targets/small/population_state.csv"
SURVEY = "survey:\n  label: The survey that the file is made from\n  reader: table\n  params:"
AGENCY = "{agency: A, title: T}"
BENCHMARK = f"""\
benchmarks:
  - id: tax
    engine: policyengine_us
    variable: income_tax
    entity: tax_unit
    period: 2023
    concept: income_tax
    value: 5
    source: {AGENCY}
"""


@pytest.mark.parametrize("file", ["entities.yaml", "sources.yaml"])
def test_a_missing_file_of_the_spec_is_named(small_project: SmallProject, file: str):
    small_project.path(file).unlink()
    assert small_project.errors() == [f"no such file: conf/specs/small/{file}"]


def test_a_folder_without_a_spec_file_is_told(small_project: SmallProject):
    small_project.path("spec.yaml").unlink()
    assert small_project.errors() == ["conf/specs/small is no spec: it holds no spec.yaml"]


def test_a_missing_file_of_a_source_is_named_with_its_neighbour(small_project: SmallProject):
    small_project.edit("sources.yaml", "data/survey_person.csv", "data/survey_persons.csv")
    assert small_project.errors() == [
        f"{small_project.at('sources.yaml', 'data/survey_persons.csv')}: "
        "no such file: conf/specs/small/data/survey_persons.csv (did you mean 'survey_person.csv'?)"
    ]


def test_a_column_that_a_file_lacks_is_named(small_project: SmallProject):
    small_project.edit("sources.yaml", "survey_household.csv, key: household_id", "survey_household.csv, key: id")
    (told,) = small_project.errors()
    assert told.startswith(small_project.at("sources.yaml", "params:", SURVEY))
    assert "household: data/survey_household.csv has no column 'id'" in told


def test_a_variable_in_two_files_is_told_at_the_second(small_project: SmallProject):
    small_project.append(OBSERVED, "dividends: {entity: tax_unit, unit: usd, uprate: ADIVS}\n")
    first = small_project.at(IMPUTED, "dividends:\n")
    assert small_project.errors() == [
        f"{small_project.at(OBSERVED, 'dividends')}: variable 'dividends' is declared twice (first at {first})"
    ]


def test_a_file_that_is_not_the_declared_one_is_told_with_its_checksum(small_project: SmallProject):
    declared = "  sha256: {survey_person.csv: '0123'}\n"
    small_project.edit("sources.yaml", "  scale_weights:", f"{declared}  scale_weights:")
    (told,) = small_project.errors()
    place = small_project.at("sources.yaml", "0123'")
    found = hashlib.sha256(small_project.path("data/survey_person.csv").read_bytes()).hexdigest()
    assert told == f"{place}: survey_person.csv is not the file that was declared: its sha256 is {found}"
    small_project.edit("sources.yaml", "0123", found)
    assert small_project.errors() == []


def test_a_checksum_of_a_file_that_is_not_read_is_told(small_project: SmallProject):
    small_project.edit("sources.yaml", "  scale_weights:", "  sha256: {people.csv: '0'}\n  scale_weights:")
    (told,) = small_project.errors()
    assert told.startswith(
        f"{small_project.at('sources.yaml', 'people.csv')}: unknown file 'people.csv' (known: survey_"
    )


@pytest.mark.parametrize(
    ("old", "new", "stands_at", "message"),
    [
        ("engine:", "engin:", "engin:", "unknown key 'engin' (did you mean 'engine'?)"),
        (
            "policyengine_us",
            "policyengine",
            "policyengine",
            "unknown engine 'policyengine' (did you mean 'policyengine_us'?)",
        ),
        ("tax_unit", "taxunit", "taxunit", "unknown entity 'taxunit' (did you mean 'tax_unit'?)"),
        (
            "value: 5",
            "value: 5\n    where: is_blnd",
            "is_blnd",
            "unknown variable 'is_blnd' (did you mean 'is_blind'?)",
        ),
        ("value: 5", "value: five", "five", "benchmark 'tax': value must be a number, got 'five'"),
    ],
)
def test_a_fault_of_a_benchmark_is_told(small_project: SmallProject, old: str, new: str, stands_at: str, message: str):
    small_project.append("benchmarks.yaml", BENCHMARK.replace(old, new))
    assert small_project.errors() == [f"{small_project.at('benchmarks.yaml', stands_at)}: {message}"]


def test_a_cell_that_is_no_number_is_told_with_its_line(small_project: SmallProject):
    lines = small_project.path(STATES).read_text().splitlines()
    cells = lines[3].split(",")
    small_project.edit(STATES, lines[3], ",".join([*cells[:3], "many", cells[4]]))
    place = small_project.at(POPULATION, "{persons}")
    assert small_project.errors() == [f"{place}: value 'many' is not a number (line 4 of population_state.csv)"]


def test_a_line_with_too_many_cells_is_told_at_the_line(small_project: SmallProject):
    line = small_project.path(STATES).read_text().splitlines()[3]
    small_project.edit(STATES, line, f"{line},1")
    assert small_project.errors() == [
        f"{STATES}:4:1: 6 cells in a table of 5 columns (quote a cell that holds a comma)"
    ]


def test_a_fault_in_the_row_of_a_table_is_told_once_for_all_its_lines(small_project: SmallProject):
    small_project.edit(POPULATION, "'{fips}'", "'{fips}' and age")
    (told,) = small_project.errors()
    assert told.startswith(small_project.at(POPULATION, "age\n"))


def test_no_stays_a_text_and_a_quoted_code_keeps_its_zero(small_project: SmallProject):
    small_project.edit(OBSERVED, "label: Age", "label: NO")
    small_project.edit(INCOME, "cell: C1", "cell: '06'")
    spec = small_project.load()
    assert spec.variables["age"].label == "NO"
    assert next(t for t in spec.targets if t.id == "small.employment_income.amount").source.cell == "06"


def test_all_faults_of_a_spec_are_told_together_in_the_order_of_their_places(small_project: SmallProject):
    small_project.edit(OBSERVED, "label: Age", "labl: Age")
    small_project.edit(OBSERVED, "AWAGE", "AWAG")
    small_project.edit(IMPUTED, "regime: three_sign", "regime: threesign")
    small_project.edit(INCOME, "where: dividends > 0", "where: dividnds > 0")
    small_project.edit(INCOME, "unit: usd}", "unit: dollars}")
    told = small_project.errors()
    assert [line.split(": ")[0] for line in told] == [
        small_project.at(IMPUTED, "threesign"),
        small_project.at(OBSERVED, "labl"),
        small_project.at(OBSERVED, "AWAG"),
        small_project.at(INCOME, "dollars"),
        small_project.at(INCOME, "dividnds"),
    ]


def test_faults_of_two_lists_that_name_each_other_do_not_hide_one_another(small_project: SmallProject):
    small_project.edit(IMPUTED, "regime: zero_inflated", "regime: zero_inflatd")
    small_project.edit(INCOME, "where: age >= 65", "where: agee >= 65")
    assert [line.split(": ", 1)[1] for line in small_project.errors()] == [
        "variable 'dividends': regime cannot be 'zero_inflatd' (did you mean 'zero_inflated'?)",
        "unknown variable 'agee' (did you mean 'age'?)",
    ]


def test_lacking_growth_factors_are_told_once_for_all_variables(small_project: SmallProject):
    small_project.edit("spec.yaml", "uprating:\n  file: package:taxcalc/growfactors.csv\n", "")
    (told,) = small_project.errors()
    assert told.startswith(f"{small_project.at(IMPUTED, 'ASCHCI')}: spec.yaml declares no growth factors")


def test_an_unknown_spec_is_told_with_its_neighbour(small_project: SmallProject):
    with pytest.raises(SpecError, match=r"no spec 'smal' under conf/specs.*did you mean 'small'\?"):
        load_spec("smal", small_project.project)


def test_a_folder_without_a_project_is_told(tmp_path: Path):
    with pytest.raises(SpecError, match="no project here"):
        find_project(tmp_path)


@pytest.mark.parametrize("text", ["", "[a, b]", "five", "a: {}"])
@pytest.mark.parametrize("file", ["spec.yaml", "entities.yaml", "sources.yaml", OBSERVED, INCOME])
def test_a_file_of_another_shape_is_told_and_never_a_crash(small_project: SmallProject, file: str, text: str):
    small_project.path(file).write_text(text)
    assert small_project.errors()


@pytest.mark.parametrize(
    ("key", "written"), [("defaults", "{of: tax_unit, period: 2023, unit: usd}"), ("source", "{agency: Test agency,")]
)
def test_what_targets_share_must_be_a_mapping(small_project: SmallProject, key: str, written: str):
    small_project.edit(INCOME, f"{key}: {written}", f"{key}: [1] # ")
    assert small_project.errors() == [f"{small_project.at(INCOME, '[1]')}: {key!r} must be a mapping of keys to values"]
