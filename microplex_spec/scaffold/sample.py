"""The project that a newcomer begins with: a sample of the CPS file that the package taxcalc holds, and its spec."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from ..spec.entities import Entities, Entity
from .write import ProjectFiles, template_files

if TYPE_CHECKING:
    from ..population import Population

SPEC = "us_sample"
BASE_HOUSEHOLDS, DONOR_HOUSEHOLDS = 2_500, 4_000

ENTITIES = Entities(
    {
        "household": Entity(name="household"),
        "tax_unit": Entity(name="tax_unit", within=("household",)),
        "person": Entity(name="person", within=("household", "tax_unit")),
    }
)
_COLUMNS = {
    "household": ["state_fips", "design_weight"],
    "tax_unit": [
        "filing_status_code",
        "n_dependents",
        "social_security",
        "taxable_interest",
        "dividends",
        "qualified_dividends",
    ],
    "person": ["age", "is_tax_unit_head", "employment_income", "self_employment_income"],
}


def sample_project() -> ProjectFiles:
    """Households spread evenly over two years of the CPS, as CSV tables, and a spec with published targets."""
    from ..sources.taxcalc_cps import TaxcalcCps

    whole = TaxcalcCps({"survey_years": (2013, 2014), "weights_year": 2023}).read(ENTITIES)
    slots = {
        "spec": SPEC,
        "base_households": f"{BASE_HOUSEHOLDS:,}",
        "donor_households": f"{DONOR_HOUSEHOLDS:,}",
        "version": version("taxcalc"),
    }
    files = {}
    for name, text in template_files("sample", slots).items():
        within = name.removeprefix("targets/")
        files[f"conf/specs/{SPEC}/{name}" if within == name else f"targets/{SPEC}/{within}"] = text
    for name, year, households in (("survey", 2014, BASE_HOUSEHOLDS), ("donors", 2013, DONOR_HOUSEHOLDS)):
        for entity, text in _tables(_sample(whole, year, households)).items():
            files[f"conf/specs/{SPEC}/data/{name}_{entity}.csv"] = text
    return ProjectFiles(SPEC, files, (f"{BASE_HOUSEHOLDS:,} households of the CPS, from the package taxcalc (CC0)",))


def _sample(whole: Population, year: int, households: int) -> Population:
    """Every n-th household of one survey year: the file lies in the order of states, so that each is represented."""
    of_year = np.flatnonzero(whole.column("survey_year") == year)
    chosen = np.zeros(whole.size("household"), dtype=bool)
    chosen[of_year[np.linspace(0, len(of_year) - 1, households).astype(int)]] = True
    return whole.select(chosen)


def _tables(population: Population) -> dict[str, str]:
    """The table of each entity as CSV, its flags as 0 and 1."""
    tables = {}
    for entity, columns in _COLUMNS.items():
        keys = [ENTITIES[entity].key, *(ENTITIES[group].key for group in ENTITIES[entity].within)]
        table = population.tables[entity][[*keys, *columns]]
        flags = table.select_dtypes(bool).astype(int)
        tables[entity] = table.assign(**flags).to_csv(index=False, lineterminator="\n")
    return tables
