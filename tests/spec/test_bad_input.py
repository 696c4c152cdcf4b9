"""Bad specs: one clear message for each fault, where it stands, what is wrong, the nearest valid name."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import pytest
from small_project import SmallProject

from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.load import load_spec
from microplex_spec.spec.project import find_project

OBSERVED, IMPUTED, MADE = "variables/observed.yaml", "variables/imputed.yaml", "variables/made.yaml"
POPULATION, INCOME = "targets/small/population.yaml", "targets/small/income.yaml"
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


class Case(NamedTuple):
    """An edit of one file, the text in it at which the fault stands, and what is said of it (or how it begins: ...)."""

    file: str
    old: str
    new: str
    stands_at: str
    message: str


CASES = {
    # Keys
    "unknown key of the spec": Case(
        "spec.yaml", "base: survey", "base: survey\nbsae: x", "bsae", "unknown key 'bsae' (did you mean 'base'?)"
    ),
    "unknown key of an entity": Case(
        "entities.yaml",
        "household: {label:",
        "household: {lable:",
        "lable",
        "unknown key 'lable' (did you mean 'label'?)",
    ),
    "unknown key of a source": Case(
        "sources.yaml",
        "  scale_weights:",
        "  scale_weight:",
        "scale_weight",
        "unknown key 'scale_weight' (did you mean 'scale_weights'?)",
    ),
    "unknown key of a variable": Case(
        OBSERVED, "uprate:", "uprat:", "uprat", "unknown key 'uprat' (did you mean 'uprate'?)"
    ),
    "misspelt key that is required": Case(
        OBSERVED, "unit: years", "untit: years", "untit", "unknown key 'untit' (did you mean 'unit'?)"
    ),
    "unknown key inside a variable": Case(
        MADE,
        "    otherwise: 0.5",
        "    otherwise: 0.5\n    sorce: x",
        "sorce",
        "unknown key 'sorce' (did you mean 'source'?)",
    ),
    "unknown key of a record inside a mapping": Case(
        OBSERVED,
        "uprate: AWAGE",
        "uprate: AWAGE\n  engine: {policyengine_us: {variable: employment_income, splitt: head}}",
        "splitt",
        "unknown key 'splitt' (did you mean 'split'?)",
    ),
    "unknown key of a target": Case(INCOME, "role:", "roel:", "roel", "unknown key 'roel' (did you mean 'role'?)"),
    "unknown key of a target's table": Case(
        POPULATION, "table:", "tabel:", "tabel", "unknown key 'tabel' (did you mean 'table'?)"
    ),
    "unknown key of all targets of a file": Case(
        INCOME, "defaults: {of:", "defaults: {unt: 1, of:", "unt", "unknown key 'unt' (did you mean 'unit'?)"
    ),
    "unknown key of a target's source": Case(
        INCOME, "cell: C1", "cel: C1", "cel", "unknown key 'cel' (did you mean 'cell'?)"
    ),
    "unknown key of a target file": Case(
        INCOME, "targets:", "default: {}\ntargets:", "default:", "unknown key 'default' (did you mean 'defaults'?)"
    ),
    "unknown key of a reader": Case(
        "sources.yaml",
        "    weight: design_weight\n    types: {is_blind: bool, is_tax_unit_head: bool}\n  period: 2014\n  scale",
        "    wieght: design_weight\n    types: {is_blind: bool, is_tax_unit_head: bool}\n  period: 2014\n  scale",
        "wieght",
        "unknown key 'wieght' (did you mean 'weight'?)",
    ),
    "unknown key deep inside a reader's": Case(
        "sources.yaml",
        "data/survey_household.csv, key:",
        "data/survey_household.csv, kee:",
        "kee",
        "unknown key 'kee' (did you mean 'key'?)",
    ),
    "name that is given by its key": Case(
        OBSERVED,
        "unit: years",
        "unit: years\n  name: age",
        "name",
        "unknown key 'name' (it follows from where this stands)",
    ),
    # Names
    "unknown variable in a predicate": Case(
        INCOME, "where: age >= 65", "where: 65 <= agge", "agge", "unknown column 'agge' (did you mean 'age'?)"
    ),
    "unknown variable in a quoted predicate": Case(
        INCOME, "where: age >= 65", 'where: "65 <= agge"', "agge", "unknown column 'agge' (did you mean 'age'?)"
    ),
    "unknown variable in the predicate of a table row": Case(
        POPULATION,
        "where: state_fips == '{fips}'",
        "where: state_fips == '{fips}' and agge > 1",
        "agge",
        "unknown column 'agge' (did you mean 'age'?)",
    ),
    "unknown variable in a folded predicate": Case(
        INCOME,
        "where: age >= 65",
        "where: >-\n      age >= 65\n      and agge > 1",
        ">-",
        "unknown column 'agge' (did you mean 'age'?)",
    ),
    "unknown variable in a measure": Case(
        INCOME,
        "sum(employment_income)",
        "sum(employment_incom)",
        "employment_incom",
        "unknown column 'employment_incom' (did you mean 'employment_income'?)",
    ),
    "unknown variable in a measure of all targets": Case(
        POPULATION,
        "measure: count()",
        "measure: share(agee > 1)",
        "agee",
        "unknown column 'agee' (did you mean 'age'?)",
    ),
    "unknown variable among predictors": Case(
        IMPUTED,
        "n_dependents]",
        "n_dependent]",
        "n_dependent",
        "unknown column 'n_dependent' (did you mean 'n_dependents'?)",
    ),
    "unknown variable in a set of predictors": Case(
        "spec.yaml", "[age,", "[ages,", "ages", "unknown column 'ages' (did you mean 'age'?)"
    ),
    "unknown variable in a derivation": Case(
        MADE, " + dividends", " + dividend", "dividend", "unknown column 'dividend' (did you mean 'dividends'?)"
    ),
    "unknown variable in a rate": Case(
        MADE, "{age < 25:", "{ages < 25:", "ages", "unknown column 'ages' (did you mean 'age'?)"
    ),
    "unknown entity of a variable": Case(
        OBSERVED,
        "entity: tax_unit",
        "entity: taxunit",
        "taxunit",
        "unknown entity 'taxunit' (did you mean 'tax_unit'?)",
    ),
    "unknown entity of all targets": Case(
        INCOME, "{of: tax_unit", "{of: tax_units", "tax_units", "unknown entity 'tax_units' (did you mean 'tax_unit'?)"
    ),
    "unknown entity around an entity": Case(
        "entities.yaml",
        "[household, tax_unit]",
        "[household, taxunit]",
        "taxunit",
        "unknown entity 'taxunit' (did you mean 'tax_unit'?)",
    ),
    "unknown base": Case(
        "spec.yaml", "base: survey", "base: surveys", "surveys", "unknown source 'surveys' (did you mean 'survey'?)"
    ),
    "unknown donor": Case(
        IMPUTED,
        "from: donors\n  predictors: [worker]",
        "from: donor\n  predictors: [worker]",
        "donor",
        "unknown source 'donor' (did you mean 'donors'?)",
    ),
    "unknown reader": Case(
        "sources.yaml",
        "the file is made from\n  reader: table",
        "the file is made from\n  reader: tables",
        "tables",
        "unknown reader 'tables' (did you mean 'table'?)",
    ),
    "unknown imputer": Case(
        IMPUTED,
        "regime: three_sign",
        "regime: three_sign\n  imputer: {name: regime_awere}",
        "regime_awere",
        "unknown imputer 'regime_awere' (did you mean 'regime_aware'?)",
    ),
    "unknown engine": Case(
        OBSERVED,
        "uprate: AWAGE",
        "uprate: AWAGE\n  engine: {policyengine_uk: {variable: employment_income}}",
        "policyengine_uk",
        "unknown engine 'policyengine_uk' (did you mean 'policyengine_us'?)",
    ),
    "unknown role": Case(
        IMPUTED, "[head.age", "[heads.age", "heads", "unknown role or engine 'heads' (did you mean 'head'?)"
    ),
    "unknown column of a source": Case(
        OBSERVED,
        "  entity: person\n  unit: years",
        "  entity: person\n  unit: years\n  observed: agge",
        "agge",
        "unknown column of survey 'agge' (did you mean 'age'?)",
    ),
    "unknown column that marks a role": Case(
        "entities.yaml",
        "head: is_tax_unit_head",
        "head: is_tax_unit_hed",
        "is_tax_unit_hed",
        "unknown column of survey 'is_tax_unit_hed' (did you mean 'is_tax_unit_head'?)",
    ),
    "unknown uprating index": Case(
        OBSERVED, "AWAGE", "AWAGES", "AWAGES", "unknown uprating index 'AWAGES' (did you mean 'AWAGE'?)"
    ),
    "weights scaled to an unknown target": Case(
        "sources.yaml",
        "small.population.total",
        "small.population.totl",
        "small.population.totl",
        "unknown target 'small.population.totl' (did you mean 'small.population.total'?)",
    ),
    "unknown target folder": Case(
        "spec.yaml",
        "targets: [small]",
        "targets: [smal]",
        "smal",
        "no target file or folder 'smal' under targets (did you mean 'small'?)",
    ),
    # Types
    "text for a number": Case(
        MADE,
        "otherwise: 0.5",
        "otherwise: half",
        "half",
        "variable 'has_pension_plan': rate.otherwise must be a number, got 'half'",
    ),
    "quoted number": Case(
        "spec.yaml",
        "period: 2023",
        "period: '2023'",
        "2023'",
        "the spec: period must be a whole number, got '2023' (write it without quotes and separators)",
    ),
    "number for a text": Case(
        OBSERVED,
        "label: Age",
        "label: 5",
        "5",
        "variable 'age': label must be a text, got 5 (quote it: '5')",
    ),
    "predicate that is written as a number": Case(
        INCOME,
        "where: age >= 65",
        "where: 65",
        "65",
        "target 'small.elderly.persons': where must be a text, got 65 (quote it: '65')",
    ),
    "predicate that has a number for its value": Case(
        INCOME, "where: age >= 65", "where: age", "age", "age is a number, not a predicate (compare it, as in age > 0)"
    ),
    "code compared with a number": Case(
        POPULATION,
        "state_fips == '{fips}'",
        "state_fips == {fips}",
        "{fips}",
        "not an expression: leading zeros...",
    ),
    "text for a list": Case(
        "spec.yaml",
        "targets: [small]",
        "targets: small",
        "small",
        "the spec: targets must be a list, such as [a, b], got 'small'",
    ),
    "list for a mapping": Case(
        OBSERVED,
        "n_dependents: {label: Dependants, entity: tax_unit, unit: count}",
        "n_dependents: [count]",
        "n_dependents",
        "variable 'n_dependents' must be a mapping of keys to values",
    ),
    "value outside a list of choices": Case(
        OBSERVED, "unit: years", "unit: year", "year", "variable 'age': unit cannot be 'year' (did you mean 'years'?)"
    ),
    "share above one": Case(
        MADE,
        "age >= 65: 0.1",
        "age >= 65: 10",
        "10",
        "variable 'has_pension_plan': rate.by.age >= 65 must be at most 1, got 10",
    ),
    "value that is not finite": Case(
        INCOME,
        "    measure: sum(employment_income)\n",
        "    measure: sum(employment_income)\n    tolerance: 0\n",
        "0",
        "target 'small.employment_income.amount': tolerance must be above 0, got 0",
    ),
    "a field that is lacking": Case(OBSERVED, "  unit: years\n", "", "age:\n", "variable 'age' lacks 'unit'"),
    "a nested field that is lacking": Case(
        MADE, "    source: A round figure\n", "", "rate", "variable 'has_pension_plan' lacks 'source' in rate"
    ),
    # Codes and texts
    "unquoted code": Case(OBSERVED, "label: Age", "label: 06", "06", "06 would lose its leading zero (quote it: '06')"),
    "duplicate key": Case(
        OBSERVED,
        "label: Age\n",
        "label: Age\n  label: Years\n",
        "label: Years",
        "key 'label' stands here twice (first at conf/specs/small/variables/observed.yaml:3:3)",
    ),
    "bad syntax": Case(
        OBSERVED,
        "label: Age",
        "label: Age: in years",
        ": in",
        "not valid YAML: mapping values are not allowed here (quote a text that holds ': ')",
    ),
    "bracket left open": Case(
        "spec.yaml", "targets: [small]", "targets: [small", ": [age", "not valid YAML: expected ',' or ']'..."
    ),
    # Expressions
    "attribute of an expression": Case(
        INCOME,
        "where: age >= 65",
        "where: (age + 1).real > 5",
        "(age",
        "a dot on something that is no role or engine is not allowed in an expression...",
    ),
    "call in an expression": Case(
        INCOME, "where: age >= 65", "where: open('x') > 1", "open", "unknown function 'open'..."
    ),
    "condition of a person on a tax unit": Case(
        INCOME,
        "where: dividends > 0",
        "where: age > 64",
        "age",
        "age has a value for each person, not for each tax_unit (put a quantifier around it: any(age ...), sum(age))",
    ),
    # Origins
    "two origins": Case(
        MADE,
        "  derive: sum(employment_income)",
        "  derive: sum(employment_income)\n  observed: wages",
        "unit_employment_income:\n",
        "variable 'unit_employment_income': has two origins (observed and derive); keep one",
    ),
    "imputed without predictors": Case(
        IMPUTED,
        "  predictors: [worker]\n",
        "",
        "self_employment_income:",
        "variable 'self_employment_income': an imputed variable needs predictors; name them under predictors:",
    ),
    "predictors without a donor": Case(
        OBSERVED,
        "unit: years",
        "unit: years\n  predictors: [is_blind]",
        "age:\n",
        "variable 'age': 'predictors' is for imputed variables; say which source it is drawn from (from:)",
    ),
    "predictor that the donor does not have": Case(
        IMPUTED,
        "  order: [sum(self_employment_income)]",
        "  order: [sum(self_employment_income), count(has_pension_plan)]",
        "count(has",
        "predictor 'has_pension_plan' is not in the donor donors",
    ),
    "amounts of another year": Case(
        OBSERVED,
        "  uprate: AWAGE\n",
        "",
        "employment_income:",
        "employment_income is in dollars of 2014, the spec's are of 2023 (say by which index it is uprated: uprate:)",
    ),
    "target of another year": Case(
        INCOME,
        "period: 2023",
        "period: 2022",
        "2022",
        "the target is of 2022, the spec of 2023, and no uprating rule leads there"
        " (give the figure of the spec's period, or take the target out)",
    ),
    "variable that predicts itself": Case(
        IMPUTED,
        "predictors: [worker]",
        "predictors: [worker, self_employment_income]",
        "self_employment_income]",
        "variables need each other in a ring: self_employment_income -> self_employment_income"
        " (each is made from the next; take one of these uses out)",
    ),
    "ring of predictors": Case(
        IMPUTED,
        "predictors: [worker]",
        "predictors: [worker, dividends]",
        "dividends]",
        "variables need each other in a ring: self_employment_income -> dividends -> self_employment_income"
        " (each is made from the next; take one of these uses out)",
    ),
    "variable named like the weights": Case(
        OBSERVED,
        "is_blind: {",
        "weight: {observed: is_blind, ",
        "weight",
        "the population keeps weights in 'weight' (rename it)",
    ),
    "name that no expression can hold": Case(
        OBSERVED,
        "is_blind: {",
        "is-blind: {",
        "is-blind",
        "'is-blind' cannot name a variable (use letters, digits and _, no digit first)",
    ),
    # Tables
    "table that is missing": Case(
        POPULATION,
        "table: population_state.csv",
        "table: population_states.csv",
        "population_states.csv",
        "no table 'population_states.csv' beside this file (did you mean 'population_state.csv'?)",
    ),
    "column that a table lacks": Case(
        POPULATION,
        'value: "{persons}"',
        'value: "{person}"',
        "{person}",
        "table population_state.csv has no column 'person' (did you mean 'persons'?)",
    ),
    "column to choose lines by that a table lacks": Case(
        POPULATION,
        "rows: {kind:",
        "rows: {kinds:",
        "kinds",
        "table population_state.csv has no column 'kinds' (did you mean 'kind'?)",
    ),
    "no line of a table": Case(
        POPULATION,
        "{kind: state}",
        "{kind: county}",
        "{kind",
        "no line of table population_state.csv has kind = 'county'",
    ),
    "slot without a table": Case(
        INCOME,
        "where: age >= 65",
        "where: age >= {age}",
        "age >= {",
        "{age} stands for a column of a table (name the file: table:)",
    ),
    # Ids
    "id that stands twice": Case(
        INCOME,
        "small.dividends.returns\n",
        "small.employment_income.amount\n    label: Twice\n",
        "small.employment_income.amount",
        "target id 'small.employment_income.amount' stands twice (first at targets/small/income.yaml:4:5)",
    ),
    "id that is no id": Case(
        INCOME,
        "small.dividends.returns",
        "Small Dividends",
        "Small Dividends",
        "target 'Small Dividends': id must be of small letters, digits, _ and -, its parts joined by dots,"
        " got 'Small Dividends'",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_fault_is_told_once_where_it_stands(small_project: SmallProject, case: Case):
    small_project.edit(case.file, case.old, case.new)
    (told,) = small_project.errors()
    place, _, message = told.partition(": ")
    within = case.new if case.stands_at in case.new else ""
    assert place == small_project.at(case.file, case.stands_at, within)
    begins = case.message.removesuffix("...")
    assert message == begins or (begins != case.message and message.startswith(begins))


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
        ("value: 5", "value: 5\n    where: is_blnd", "is_blnd", "unknown column 'is_blnd' (did you mean 'is_blind'?)"),
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
        "unknown column 'agee' (did you mean 'age'?)",
    ]


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
