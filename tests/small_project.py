"""A small real project on disk: 400 households of the CPS file, a spec without a rules engine, its targets."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from microplex_spec.population import Population
from microplex_spec.scaffold.sample import ENTITIES
from microplex_spec.sources.taxcalc_cps import TaxcalcCps
from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.growth_factors import GrowthFactors
from microplex_spec.spec.load import load_spec
from microplex_spec.spec.model import Spec
from microplex_spec.spec.project import Project, resolve_file

REPOSITORY = Path(__file__).resolve().parents[1]
HOUSEHOLDS = 400

COLUMNS = {
    "household": ["state_fips", "design_weight"],
    "tax_unit": ["dividends", "n_dependents"],
    "person": ["age", "is_blind", "is_tax_unit_head", "employment_income", "self_employment_income"],
}

SPEC = {
    "spec.yaml": """\
name: small
label: A small second spec, on the files of a user
period: 2023
base: survey
targets: [small]
predictor_sets:
  worker: [age, employment_income, is_tax_unit_head]
uprating:
  file: package:taxcalc/growfactors.csv
calibration: {tolerance: 0.02, min_support: 2}
""",
    "entities.yaml": """\
household: {label: Household}
tax_unit:
  label: Tax unit
  within: [household]
  roles: {head: is_tax_unit_head}
person:
  label: Person
  within: [household, tax_unit]
""",
    "sources.yaml": """\
survey:
  label: The survey that the file is made from
  reader: table
  params:
    tables:
      household: {file: data/survey_household.csv, key: household_id}
      tax_unit: {file: data/survey_tax_unit.csv, key: tax_unit_id, links: {household: household_id}}
      person:
        file: data/survey_person.csv
        key: person_id
        links: {tax_unit: tax_unit_id}
    weight: design_weight
    types: {is_blind: bool, is_tax_unit_head: bool}
  period: 2014
  scale_weights: {entity: person, to: small.population.total}

donors:
  label: The survey that dividends and business incomes are drawn from
  reader: table
  params:
    tables:
      household: {file: data/donors_household.csv, key: household_id}
      tax_unit: {file: data/donors_tax_unit.csv, key: tax_unit_id, links: {household: household_id}}
      person:
        file: data/donors_person.csv
        key: person_id
        links: {tax_unit: tax_unit_id}
    weight: design_weight
    types: {is_blind: bool, is_tax_unit_head: bool}
  period: 2014
""",
    "variables/observed.yaml": """\
state_fips: {label: State, entity: household, unit: code}
age:
  label: Age
  entity: person
  unit: years
is_blind: {label: Is blind, entity: person, unit: flag}
is_tax_unit_head: {label: Is the head of the tax unit, entity: person, unit: flag}
n_dependents: {label: Dependants, entity: tax_unit, unit: count}
employment_income:
  label: Wages and salaries
  entity: person
  unit: usd
  uprate: AWAGE
""",
    "variables/imputed.yaml": """\
self_employment_income:
  label: Self-employment income
  entity: person
  unit: usd
  regime: three_sign
  from: donors
  predictors: [worker]
  zero_when: age < 16
  uprate: ASCHCI

dividends:
  label: Dividends
  entity: tax_unit
  unit: usd
  regime: zero_inflated
  from: donors
  predictors: [head.age, unit_employment_income, n_dependents]
  order: [sum(self_employment_income)]
  uprate: ADIVS
""",
    "variables/made.yaml": """\
unit_employment_income:
  label: Wages and salaries of the tax unit
  entity: tax_unit
  unit: usd
  derive: sum(employment_income)
unit_income:
  label: Income of the tax unit
  entity: tax_unit
  unit: usd
  derive: unit_employment_income + sum(self_employment_income) + dividends
has_pension_plan:
  label: Has a pension plan
  entity: person
  unit: flag
  rate:
    by: {age < 25: 0.2, age >= 65: 0.1}
    otherwise: 0.5
    source: A round figure
""",
}
TARGETS = {
    "population.yaml": """\
# Weighted counts of the survey itself, moved a little, so that weights must move and can meet them.
defaults: {of: person, measure: count(), unit: count, period: 2023}
source: {agency: Test agency, title: Counts of the survey, vintage: "2023", url: "https://example.org/counts"}
targets:
  - id: small.population.total
    value: {total}
    source: {cell: B1, concept: population}
  - id: small.population.state_{state}
    table: population_state.csv
    rows: {kind: state}
    where: state_fips == '{fips}'
    value: "{persons}"
    source: {cell: "{cell}", concept: population.state}
""",
    "income.yaml": """\
defaults: {of: tax_unit, period: 2023, unit: usd}
source: {agency: Test agency, title: Sums of the survey, vintage: "2023", url: "https://example.org/sums"}
targets:
  - id: small.employment_income.amount
    of: person
    measure: sum(employment_income)
    value: {wages}
    source: {cell: C1, concept: employment_income}
  - id: small.dividends.returns
    measure: count()
    unit: count
    where: dividends > 0
    value: {dividend_units}
    source: {cell: C2, concept: dividends.returns}
  - id: small.elderly.persons
    of: person
    measure: count()
    unit: count
    where: age >= 65
    value: {elderly}
    role: holdout
    source: {cell: C3, concept: population.elderly}
""",
}


QUALIFIED = """\
qualified_dividends:
  label: Qualified dividends
  entity: tax_unit
  unit: usd
  regime: zero_inflated
  from: donors
  share_of: dividends
  predictors: [head.age, unit_employment_income]
  order: [dividends]
  uprate: ADIVS
"""
"""A part of dividends, for a test that adds it to variables/imputed.yaml, and its column to the donors."""


@dataclass(frozen=True)
class SmallProject:
    """The project under `root`, to be edited, loaded and built. Files are named from the spec folder or the root."""

    root: Path

    @property
    def project(self) -> Project:
        return Project(self.root)

    @property
    def spec_folder(self) -> Path:
        return self.root / "conf" / "specs" / "small"

    def path(self, file: str) -> Path:
        within = self.spec_folder / file
        return within if within.exists() or not (self.root / file.split("/")[0]).exists() else self.root / file

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text that stands in the file exactly once."""
        path = self.path(file)
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def append(self, file: str, text: str) -> None:
        """Add to the end of a file, which need not stand yet."""
        with self.path(file).open("a", encoding="utf-8") as stream:
            stream.write(text)

    def at(self, file: str, text: str, within: str = "") -> str:
        """file:line:column of a text that stands exactly once in the file, or in the text `within` there."""
        path = self.path(file)
        content = path.read_text(encoding="utf-8")
        around = within or content
        assert content.count(around) == 1 and around.count(text) == 1, f"{text!r} does not stand once in {file}"
        offset = content.index(around) + around.index(text)
        line, start = content.count("\n", 0, offset) + 1, content.rfind("\n", 0, offset) + 1
        return f"{path.relative_to(self.root)}:{line}:{offset - start + 1}"

    def load(self) -> Spec:
        return load_spec("small", self.project)

    def errors(self) -> list[str]:
        """Every problem of the spec as a user reads it; none for a spec that loads."""
        try:
            self.load()
        except SpecError as error:
            return [str(problem) for problem in error.problems]
        return []


def write_small_project(root: Path) -> SmallProject:
    """Write the project: run groups of this repository, the spec, its data and its targets."""
    small = SmallProject(root)
    shutil.copytree(REPOSITORY / "conf", root / "conf", ignore=shutil.ignore_patterns("specs"))
    for file, text in SPEC.items():
        _write(small.spec_folder / file, text)
    whole = TaxcalcCps({"survey_years": (2013, 2014), "weights_year": 2023}).read(ENTITIES)
    survey = _sample(whole, 2014)
    for name, population in (("survey", survey), ("donors", _sample(whole, 2013, losses=40))):
        _write_tables(population, small.spec_folder / "data", name)
    _write_targets(survey, root / "targets" / "small")
    return small


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _sample(whole: Population, year: int, losses: int = 0) -> Population:
    """Households of one year spread over the file, and some more with a business loss, which are rare."""
    of_year = np.flatnonzero(whole.column("survey_year") == year)
    lost = whole.aggregate(whole.column("self_employment_income") < 0, "person", "household", "any")
    chosen = np.zeros(whole.size("household"), dtype=bool)
    chosen[of_year[np.linspace(0, len(of_year) - 1, HOUSEHOLDS).astype(int)]] = True
    chosen[of_year[lost[of_year]][:losses]] = True
    return whole.select(chosen)


def _write_tables(population: Population, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for entity, columns in COLUMNS.items():
        keys = [ENTITIES[entity].key, *(ENTITIES[group].key for group in ENTITIES[entity].within)]
        table = population.tables[entity][[*keys, *columns]]
        flags = table.select_dtypes(bool).astype(int)
        table.assign(**flags).to_csv(folder / f"{name}_{entity}.csv", index=False)


def _write_targets(survey: Population, folder: Path) -> None:
    weights = survey.weights("design", "person")
    states = survey.broadcast(survey.column("state_fips"), "household", "person")
    persons = pd.Series(weights).groupby(states.astype(str)).sum().sort_index()
    persons = persons[pd.Series(survey.column("state_fips")).value_counts()[persons.index] >= 8]
    moved = persons * (1 + 0.05 * np.sin(np.arange(len(persons))))
    table = pd.DataFrame(
        {
            "kind": "state",
            "state": [f"s{fips}" for fips in persons.index],
            "fips": persons.index,
            "persons": moved.round().astype(int),
            "cell": [f"B{row}" for row in range(2, len(persons) + 2)],
        }
    )
    folder.mkdir(parents=True)
    table.to_csv(folder / "population_state.csv", index=False)
    growth = GrowthFactors.read(resolve_file("package:taxcalc/growfactors.csv", folder)).factor("AWAGE", 2014, 2023)
    figures = {
        "total": weights.sum(),
        "wages": 1.02 * growth * (weights * survey.column("employment_income")).sum(),
        "dividend_units": 0.97 * survey.weights("design", "tax_unit")[survey.column("dividends") > 0].sum(),
        "elderly": weights[survey.column("age") >= 65].sum(),
    }
    for file, text in TARGETS.items():
        for name, value in figures.items():
            text = text.replace(f"{{{name}}}", f"{value:.0f}")
        _write(folder / file, text)
