"""The rows of Tax-Calculator's CPS file: tax units as read, and the persons and groups made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..population import Population
from ..spec.entities import Entities, Entity
from ..spec.errors import Problem, Problems, SpecError, did_you_mean
from ..streams import uniforms
from .base import Column
from .files import file_columns, read_columns
from .taxcalc_cps_columns import IDENTIFIERS, PERSON_COLUMNS, UNIT_COLUMNS

# What each entity lies within, if the spec asks for the link.
_ABOVE: dict[str, set[str]] = {
    "household": set(),
    "spm_unit": {"household"},
    "family": {"household", "spm_unit"},
    "tax_unit": {"household", "spm_unit", "family"},
    "marital_unit": {"household", "spm_unit", "family", "tax_unit"},
    "person": {"household", "spm_unit", "family", "tax_unit", "marital_unit"},
}

# The places of a tax unit in the order of its persons; a dependant's age lies between the two figures.
_HEAD, _SPOUSE = 0, 1
_DEPENDANT_AGES = ((0, 5), (6, 12), (13, 16), (17, 17), (18, 20), (21, 64), (65, 84))
_AGE_SEED = 2014
_MOST_PERSONS = 100


def make_population(units: pd.DataFrame, entities: Entities, columns: dict[str, Column]) -> Population:
    """The population of `units` (as `read_units` gives them) with the entities and columns asked for."""
    _check_entities(entities)
    places = _places(units)
    size = places.sum(axis=1)
    units = units.assign(n_persons=size, n_dependents=size - 1 - places[:, _SPOUSE])
    rows = {"tax_unit": units, "person": _persons(units, places)}
    rows["household"] = _households(units)
    rows["spm_unit"] = units.drop_duplicates("spm_unit_id")
    rows["family"] = units.drop_duplicates("family_id")
    rows["marital_unit"] = rows["person"].drop_duplicates("marital_unit_id")
    return Population(entities, {name: _table(entity, rows[name], columns) for name, entity in entities.items()})


def read_units(data: Path, weights_file: Path, survey_years: tuple[int, ...], weights_year: int) -> pd.DataFrame:
    """The rows of the chosen survey years by household, with ids, names of ours and `unit_weight`."""
    pairs = [name for head, spouse, _ in PERSON_COLUMNS.values() for name in (head, spouse)]
    weights = _read_weights(weights_file, weights_year)
    units = read_columns(data, [*IDENTIFIERS, *UNIT_COLUMNS, *pairs])
    if len(weights) != len(units):
        raise SpecError(f"{weights_file.name} holds {len(weights):,} weights for {len(units):,} tax units")
    units["unit_weight"] = weights
    surveys = sorted(units["FLPDYR"].unique().tolist())
    problems = Problems()
    for year in survey_years:
        if year not in surveys:
            problems.add(f"survey_years: {data.name} holds no {year}", hint=f"known: {surveys}")
    problems.raise_if_any()
    units = units[units["FLPDYR"].isin(survey_years)]
    # Below 2^31 and the same whichever survey years are read.
    household = (units["FLPDYR"] - 2000) * 100_000 + units["h_seq"]
    units = units.assign(
        household_id=household,
        spm_unit_id=household,
        family_id=household * 100 + units["ffpos"],
        tax_unit_id=units["RECID"],
        fips=units["fips"].astype(str).str.zfill(2),
        MARS=units["MARS"].astype(str),
        DSI=units["DSI"] == 1,
    )
    units = units.sort_values(["household_id", "tax_unit_id"], ignore_index=True)
    return units.rename(columns={old: new for old, (new, _) in UNIT_COLUMNS.items()})


def _read_weights(file: Path, year: int) -> np.ndarray:
    """(rows,) weights of the file's units in a year; the file holds hundredths, same order."""
    name = f"WT{year}"
    held = file_columns(file)
    if name not in held:
        years = sorted(int(column.removeprefix("WT")) for column in held)
        raise SpecError(
            Problem(
                f"weights_year: {file.name} has no {name!r}",
                hint=f"years {years[0]} to {years[-1]}",
            )
        )
    return read_columns(file, [name])[name].to_numpy() / 100


def _check_entities(entities: Entities) -> None:
    problems = Problems()
    for name, entity in entities.items():
        if name not in _ABOVE:
            problems.add(f"taxcalc_cps gives no entity {name!r}", hint=did_you_mean(name, _ABOVE))
            continue
        for group in sorted(set(entity.within) - _ABOVE[name]):
            problems.add(f"taxcalc_cps cannot place a {name} within a {group}", hint=f"known: {sorted(_ABOVE[name])}")
    problems.raise_if_any()


def _places(units: pd.DataFrame) -> np.ndarray:
    """(units, 2 + bands) how many persons of each tax unit are head, spouse, dependants of each age band."""
    head, spouse = units["age_head"].to_numpy(), units["age_spouse"].to_numpy()
    has_spouse = spouse > 0

    def beyond_adults(count: str, low: int, high: int) -> np.ndarray:
        inside = [(low <= age) & (age <= high) for age in (head, spouse)]
        return units[count].to_numpy() - inside[0] - (inside[1] & has_spouse)

    under_18 = beyond_adults("n_under_18", 0, 17)
    under_6, under_13 = units["n_dependents_under_6"].to_numpy(), units["n_dependents_under_13"].to_numpy()
    aged_17 = under_18 - units["n_ctc_children"].to_numpy()
    elderly = units["n_elderly_dependents"].to_numpy()
    places = np.column_stack(
        [
            np.ones(len(units), dtype=np.int64),
            has_spouse,
            under_6,
            under_13 - under_6,
            under_18 - under_13 - aged_17,
            aged_17,
            beyond_adults("n_18_to_20", 18, 20),
            beyond_adults("n_21_and_over", 21, 200) - elderly,
            elderly,
        ]
    ).astype(np.int64)
    broken = (places < 0).any(axis=1)
    if broken.any():
        first = units.loc[broken, "record_id"].head(3).tolist()
        raise SpecError(f"age bands contradict one another in {int(broken.sum()):,} tax units, e.g. RECID {first}")
    return places


def _persons(units: pd.DataFrame, places: np.ndarray) -> pd.DataFrame:
    """One row a person, by tax unit: head, spouse, dependants from the youngest band up."""
    size = units["n_persons"].to_numpy()
    unit = np.repeat(np.arange(len(units)), size)
    place = np.repeat(np.tile(np.arange(places.shape[1]), len(units)), places.ravel())
    is_head, is_spouse = place == _HEAD, place == _SPOUSE
    number = np.arange(len(unit)) - np.repeat(np.cumsum(size) - size, size)
    person_id = units["tax_unit_id"].to_numpy()[unit] * _MOST_PERSONS + number
    low, high = np.array([(0, 0), (0, 0), *_DEPENDANT_AGES]).T
    draw = uniforms(_AGE_SEED, "taxcalc_cps/dependant_age", person_id)
    constructed = low[place] + (draw * (high - low + 1)[place]).astype(np.int64)

    def of_adult(head: str, spouse: str, otherwise: np.ndarray | int) -> np.ndarray:
        values = [units[name].to_numpy()[unit] for name in (head, spouse)]
        return np.select([is_head, is_spouse], values, otherwise)

    links = {f"{group}_id": units[f"{group}_id"].to_numpy()[unit] for group in _ABOVE["tax_unit"] | {"tax_unit"}}
    persons = pd.DataFrame(
        {
            "person_id": person_id,
            **links,
            # The spouse is the second person of the unit, and shares the id of the first.
            "marital_unit_id": person_id - is_spouse,
            "age": of_adult("age_head", "age_spouse", constructed),
            "is_tax_unit_head": is_head,
            "is_tax_unit_spouse": is_spouse,
            "is_tax_unit_dependent": ~(is_head | is_spouse),
            "is_constructed": ~(is_head | is_spouse),
        }
    )
    for name, (head, spouse, column) in PERSON_COLUMNS.items():
        values = of_adult(head, spouse, 0)
        persons[name] = values == 1 if column.dtype == "bool" else values
    return persons


def _households(units: pd.DataFrame) -> pd.DataFrame:
    """One row a household: the persons of its units, and the mean of their weights by persons."""
    first = units.drop_duplicates("household_id", ignore_index=True)
    household = np.searchsorted(first["household_id"].to_numpy(), units["household_id"].to_numpy())
    persons = units["n_persons"].to_numpy()
    size = np.bincount(household, weights=persons)
    weighted = np.bincount(household, weights=persons * units["unit_weight"].to_numpy())
    return first.assign(household_size=size.astype(np.int64), design_weight=weighted / size)


def _table(entity: Entity, rows: pd.DataFrame, columns: dict[str, Column]) -> pd.DataFrame:
    own = [name for name, column in columns.items() if column.entity == entity.name]
    weight = ["design_weight"] if entity.name == "household" else []
    links = [f"{group}_id" for group in entity.within]
    return rows[[entity.key, *links, *own, *weight]].reset_index(drop=True)
