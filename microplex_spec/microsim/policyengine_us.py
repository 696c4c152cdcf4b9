"""policyengine_us behind the engine protocol: offline, silent, in batches that do not change a result.

Formulas draw no random numbers (policyengine_core refuses any that would), so that equal inputs give equal
outputs under any batch size and hash seed. What people choose (take-up, filing) is an input; the engine
takes a default where none is given, and `assumed` lists these for the plan.
"""

from __future__ import annotations

import gc
import logging
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..spec.cost import shipped_costs
from ..spec.errors import SpecError
from .base import Cost, EngineCapabilities, EngineInput, EngineVariable, pick
from .policyengine_data import ENTITIES, engine_tables, write_h5
from .policyengine_index import load_index, package_version

if TYPE_CHECKING:
    import pandas as pd

    from ..population import Population

# Inputs that stand for a decision or for coverage, for which the engine's default is everybody or nobody.
CHOICES = ("takes_up_", "would_file_")
CHOICE_NAMES = ("has_esi", "offered_aca_disqualifying_esi", "meets_ssi_disability_criteria")

# Marks in the names of outputs that make a batch dearer than the federal rules do.
EXTRA_COSTS = ("state_income_tax", "poverty")


class PolicyEngineUS:
    """The rules of US federal and state taxes and benefits, by PolicyEngine.

    cache_folder: where the index of the package's variables is kept (built at first use, 30 s).
    """

    capabilities = EngineCapabilities(offline=True, batched=True, entities=ENTITIES, writes_dataset=True)
    version = 1
    weight = "household_weight"
    preload = "microplex_spec.microsim.policyengine_preload"

    def __init__(self, cache_folder: str | Path):
        self.cache_folder = Path(cache_folder)

    def libraries(self) -> dict[str, str]:
        return {"policyengine-us": package_version(), "policyengine-core": version("policyengine-core")}

    def known_variables(self) -> dict[str, EngineVariable]:
        """Every variable of the installed package, without importing it."""
        return load_index(self.cache_folder)

    def variable_info(self, names: Iterable[str]) -> dict[str, EngineVariable]:
        """The named variables; SpecError with the nearest name for each unknown one."""
        return pick(self.known_variables(), names, "policyengine_us")

    def assumed(self, given: Iterable[str]) -> dict[str, EngineVariable]:
        """Choices (take-up, filing, coverage) not among the `given` inputs: the default holds for everybody."""
        given = set(given)
        return {
            name: variable
            for name, variable in self.known_variables().items()
            if variable.is_input and name not in given and (name.startswith(CHOICES) or name in CHOICE_NAMES)
        }

    def predict_cost(self, households: int, variables: Sequence[str], households_per_batch: int | None = None) -> Cost:
        """Seconds and peak bytes: import, a fixed part by what is asked, a part a batch, a part a household.

        The rules that an output needs are prepared once. A batch of 600 households takes nearly as long as one of 60,
        because thousands of formulas of all states run whatever the number of rows.
        """
        batch = households if households_per_batch is None else min(households, households_per_batch)
        batches, outputs = -(-households // max(batch, 1)), len(variables)
        extra = [mark for mark in EXTRA_COSTS if any(mark in name for name in variables)]
        return shipped_costs().price(
            {
                "import.policyengine_us": 1,
                "policyengine_us.batches": batches,
                "policyengine_us.outputs": outputs,
                "policyengine_us.households": households,
                "policyengine_us.values": households * outputs,
                "policyengine_us.held_households": batch,
                "policyengine_us.held_values": batch * outputs,
                **{f"policyengine_us.{mark}": 1 for mark in extra},
            }
        )

    def simulate(
        self,
        population: Population,
        inputs: Sequence[EngineInput],
        outputs: Sequence[str],
        period: int,
        dataset_period: int,
        weights: np.ndarray,
    ) -> dict[str, tuple[str, np.ndarray]]:
        """Values of `outputs` in `period`, {output: (entity, one value per row of that entity's table)}.

        Inputs are amounts of `dataset_period`; for a later `period` the engine ages them by its own factors.
        Amounts a month are summed over the year, monthly flags are true if any month is, codes are those of
        January. weights: (households,). Peak memory follows the number of households; a population may be
        simulated in parts, but for the variables that tell why not (`cross_household`).
        Raises SpecError for unknown names and inputs the engine would misread.
        """
        known = self.known_variables()
        wanted = pick(known, outputs, "policyengine_us")
        if period < dataset_period:
            raise SpecError(f"policyengine_us ages amounts forward only: {dataset_period} to {period}")
        values = _run(engine_tables(population, inputs, weights, known), wanted, period, dataset_period)
        return {name: (variable.entity, values[name]) for name, variable in wanted.items()}

    def write_dataset(
        self,
        population: Population,
        inputs: Sequence[EngineInput],
        weights: np.ndarray,
        path: Path,
        period: int,
    ) -> None:
        """Write the .h5 that `policyengine_us.Microsimulation(dataset=path)` opens; same input, same bytes.

        period: the year of the amounts. weights: (households,), written as household_weight.
        """
        write_h5(engine_tables(population, inputs, weights, self.known_variables()), Path(path), period)


def _run(
    tables: Mapping[str, pd.DataFrame], wanted: Mapping[str, EngineVariable], period: int, dataset_period: int
) -> dict[str, np.ndarray]:
    """One simulation of its own over `tables`, its memory given back."""
    with quiet_and_offline():
        from policyengine_us import Microsimulation
        from policyengine_us.data.dataset_schema import USSingleYearDataset

        dataset = USSingleYearDataset(**tables, time_period=dataset_period)
        simulation = Microsimulation(
            dataset=dataset, dataset_end_year=period, **_poverty_geography(tables["household"])
        )
        values = {name: _values(simulation, variable, period) for name, variable in wanted.items()}
        del simulation, dataset
        gc.collect()
    return values


def _poverty_geography(households: pd.DataFrame) -> dict[str, Any]:
    """SPM thresholds by county where counties are known, else national ones: the engine refuses to guess."""
    return {} if "county_fips" in households else {"spm": {"geography_kind": "national"}}


def _values(simulation: Any, variable: EngineVariable, period: int) -> np.ndarray:
    text = variable.dtype in ("Enum", "str", "date")
    when = f"{period}-01" if text and variable.period == "month" else period
    values = np.asarray(simulation.calculate(variable.name, when, use_weights=False, decode_enums=True))
    if text:
        return values.astype(str).astype(object)
    if variable.dtype == "bool":
        return values > 0
    return values.astype(np.float64 if variable.dtype == "float" else np.int64)


@contextmanager
def quiet_and_offline() -> Iterator[None]:
    """No download is attempted, and warnings of the engine's internals are kept from the user's terminal."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
