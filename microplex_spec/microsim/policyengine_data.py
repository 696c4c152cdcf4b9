"""A population as policyengine_us reads it: one table an entity, ids on both sides, and the .h5 of them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..spec.errors import Problem, Problems, SpecError
from .base import EngineInput, EngineVariable, pick
from .split import convert

if TYPE_CHECKING:
    import pandas as pd

    from ..population import Population

GROUPS = ("household", "tax_unit", "spm_unit", "family", "marital_unit")
ENTITIES = ("person", *GROUPS)

# The engine stores whole numbers, ids among them, as 32-bit integers.
LARGEST_ID = 2**31 - 1

# Left unsaid, the engine takes the oldest adult for the head and the next one for the spouse, a grown child included.
ROLE = "tax_unit_role_input"

# Without these the engine runs on and is silently wrong: everyone lives in California, nobody has an age.
NEEDED = ("age", "state_fips")


def engine_tables(
    population: Population,
    inputs: Sequence[EngineInput],
    weights: np.ndarray,
    known: Mapping[str, EngineVariable],
) -> dict[str, pd.DataFrame]:
    """{entity: table} with ids, household_weight and every input by engine name, rows in population order.

    Amounts for a variable given twice are added (wages of two sources); flags are true if any is.
    weights: (households,). Raises SpecError for entities the population lacks, unknown engine variables,
    codes the engine does not know, missing values, ids beyond 32 bits, and a missing age or state_fips.
    """
    _check_entities(population)
    variables = pick(known, [item.variable for item in inputs], "policyengine_us")
    problems = Problems()
    for name in NEEDED:
        if name not in variables:
            problems.add(f"policyengine_us needs {name!r}: without it the engine assumes one and is silently wrong")
    tables = {entity: _ids(population, entity) for entity in ENTITIES}
    tables["household"]["household_weight"] = np.asarray(weights, dtype=np.float64)
    if ROLE in known and ROLE not in variables:
        tables["person"][ROLE] = _roles(population)
    for item in inputs:
        variable = variables[item.variable]
        values = _numeric_codes(
            convert(population, item.values, item.entity, variable.entity, item.split, item.where), variable
        )
        fault = _fault(values, variable)
        if fault:
            problems.add(fault)
            continue
        columns = tables[variable.entity]
        if variable.name in columns:
            columns[variable.name] = _together(columns[variable.name], values, variable)
        else:
            columns[variable.name] = _as_stored(values, variable)
    problems.raise_if_any()
    import pandas as pd

    return {entity: pd.DataFrame(columns) for entity, columns in tables.items()}


def write_h5(tables: Mapping[str, pd.DataFrame], path: Path, period: int) -> None:
    """Write the layout of policyengine_us's USSingleYearDataset.save, without its timestamps and indexes.

    Same tables, same bytes: HDF5 would store the time of writing with every array, and search indexes that
    nobody reads double the file.
    """
    import pandas as pd

    path.unlink(missing_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pd.HDFStore(path, mode="w") as store:
            for entity, table in tables.items():
                store.put(entity, table, format="table", data_columns=True, index=False, track_times=False)
            year = pd.Series([period])
            store.put("_time_period", year, format="table", index=False, track_times=False)


def _check_entities(population: Population) -> None:
    missing = [entity for entity in ENTITIES if entity not in population.entities]
    if missing:
        raise SpecError(
            Problem(
                f"policyengine_us needs the entities {', '.join(missing)}",
                hint="declare them in entities.yaml; a unit of one person is valid",
            )
        )


def _ids(population: Population, entity: str) -> dict[str, np.ndarray]:
    """The entity's own ids; for persons also those of the groups, under the engine's names."""
    table = population.tables[entity]
    columns = {f"{entity}_id": table[f"{entity}_id"].to_numpy()}
    if entity == "person":
        columns |= {f"person_{group}_id": table[f"{group}_id"].to_numpy() for group in GROUPS}
    for name, ids in columns.items():
        if len(ids) and ids.max() > LARGEST_ID:
            raise SpecError(f"{name}: {ids.max()} is beyond the engine's 32-bit ids; number the units from 0")
    return columns


def _roles(population: Population) -> np.ndarray:
    """What each person is to the tax unit, by the roles that the population declares."""
    roles = population.entities["tax_unit"].roles
    out = np.full(population.size("person"), "DEPENDENT", dtype=object)
    for role, code in (("head", "HEAD"), ("spouse", "SPOUSE")):
        if role in roles:
            out[population.column(roles[role])] = code
    return out


def _numeric_codes(values: np.ndarray, variable: EngineVariable) -> np.ndarray:
    """Codes made of digits ("06") as the whole numbers that the engine takes them for."""
    if variable.dtype == "int" and values.dtype == object and all(str(value).isdigit() for value in values):
        return values.astype(np.int64)
    return values


def _fault(values: np.ndarray, variable: EngineVariable) -> str:
    if values.dtype.kind in "fc" and not np.isfinite(values).all():
        return f"{variable.name}: {np.count_nonzero(~np.isfinite(values)):,} values are missing or infinite"
    if variable.dtype == "Enum":
        strange = sorted(set(map(str, np.unique(values.astype(str)))) - set(variable.codes))
        if variable.codes and strange:
            return f"{variable.name}: unknown codes {', '.join(strange[:5])}; known: {', '.join(variable.codes)}"
    elif variable.dtype in ("float", "int", "bool") and values.dtype.kind not in "fiub":
        return f"{variable.name} takes {variable.dtype}, not text"
    return ""


def _as_stored(values: np.ndarray, variable: EngineVariable) -> np.ndarray:
    if variable.dtype == "bool":
        return values.astype(bool)
    if variable.dtype == "int":
        return np.rint(values).astype(np.int64)
    if variable.dtype == "float":
        return values.astype(np.float64)
    return values.astype(str).astype(object)


def _together(before: np.ndarray, values: np.ndarray, variable: EngineVariable) -> np.ndarray:
    if variable.dtype == "bool":
        return before | values.astype(bool)
    if variable.dtype in ("float", "int"):
        return before + _as_stored(values, variable)
    raise SpecError(f"{variable.name} is given twice, and codes cannot be added")
