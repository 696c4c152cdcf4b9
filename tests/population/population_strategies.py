"""Small random populations: households with people, tax units and SPM units in every arrangement."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from microplex_spec.population import Population
from microplex_spec.spec.entities import Entities, Entity

US_ENTITIES = Entities(
    {
        "household": Entity(name="household"),
        "person": Entity(name="person", within=("household", "tax_unit", "spm_unit")),
        "tax_unit": Entity(
            name="tax_unit",
            within=("household",),
            roles={"head": "is_tax_unit_head", "spouse": "is_tax_unit_spouse"},
        ),
        "spm_unit": Entity(name="spm_unit", within=("household",)),
    }
)
ENTITIES = tuple(US_ENTITIES)
VALUES = {"household": "rent", "person": "income", "tax_unit": "deduction", "spm_unit": "benefit"}
FLAGS = {"household": "is_rural", "person": "is_student", "tax_unit": "is_joint", "spm_unit": "is_poor"}
CODES = {"household": "state", "person": "race", "tax_unit": "status", "spm_unit": "tenure"}


def random_tables(rng: np.random.Generator, households: int, missing: float = 0.0) -> dict[str, pd.DataFrame]:
    """Tables of a valid population; keys are neither dense nor sorted, `missing` is the share of NaN."""
    people: dict[str, list] = {"household_id": [], "tax_unit_id": [], "spm_unit_id": [], "head": []}
    above: dict[str, list] = {"tax_unit": [], "spm_unit": []}
    keys = {name: iter(rng.permutation(20 * households + 20) * 3 + 7) for name in ENTITIES}
    homes = np.array([next(keys["household"]) for _ in range(households)], dtype=np.int64)
    tables = {"household": pd.DataFrame({"household_id": homes})}
    for household in homes:
        units = {group: [(next(keys[group]), household) for _ in range(rng.integers(1, 3))] for group in above}
        for group, rows in units.items():
            above[group] += rows
        headed = set()
        for _ in range(rng.integers(1, 6)):
            tax_unit = units["tax_unit"][rng.integers(len(units["tax_unit"]))][0]
            people["household_id"].append(household)
            people["tax_unit_id"].append(tax_unit)
            people["spm_unit_id"].append(units["spm_unit"][rng.integers(len(units["spm_unit"]))][0])
            people["head"].append(tax_unit not in headed)
            headed.add(tax_unit)
    for group, rows in above.items():
        tables[group] = pd.DataFrame(rows, columns=[f"{group}_id", "household_id"], dtype="int64")
    heads = np.array(people.pop("head"), dtype=bool)
    tables["person"] = pd.DataFrame(people, dtype="int64").assign(
        person_id=np.array([next(keys["person"]) for _ in heads], dtype=np.int64),
        is_tax_unit_head=heads & (rng.random(len(heads)) < 0.9),
        is_tax_unit_spouse=False,
    )
    for name, table in tables.items():
        order = rng.permutation(len(table))
        table = table.iloc[order].reset_index(drop=True)
        value = rng.integers(-4, 8, len(table)).astype(float)
        table[VALUES[name]] = np.where(rng.random(len(table)) < missing, np.nan, value)
        table[FLAGS[name]] = rng.random(len(table)) < 0.5
        code = rng.choice(np.array(["01", "02", "NO"], dtype=object), len(table))
        code[rng.random(len(table)) < missing] = None
        table[CODES[name]] = code
        tables[name] = table
    tables["household"]["design_weight"] = rng.random(households) * 100
    return tables


@st.composite
def populations(draw, missing: float = 0.0) -> Population:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return Population(US_ENTITIES, random_tables(rng, draw(st.integers(0, 6)), missing))
