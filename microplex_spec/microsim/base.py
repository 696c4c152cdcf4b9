"""What a rules engine is to the rest of the system: names it knows, what a run costs, simulate, export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from ..spec.cost import Cost
from ..spec.errors import Problems, did_you_mean

if TYPE_CHECKING:
    from ..population import Population

Split = Literal["as_is", "head", "adults", "members", "by"]


@dataclass(frozen=True)
class EngineCapabilities:
    """What an engine can do: facts by which a plan is made, without importing the engine.

    offline: runs without network. batched: households may be simulated in batches. entities: those whose
    variables it computes. writes_dataset: can export a file that the engine opens as it is.
    """

    offline: bool
    batched: bool
    entities: tuple[str, ...]
    writes_dataset: bool


@dataclass(frozen=True)
class EngineVariable:
    """One variable of an engine.

    dtype: float, int, bool, str, date or Enum. period: year, month, day or eternity. is_input: the engine has
    no rule for it. cross_household: why its value depends on the whole population ("" if it does not), so
    that it cannot be computed in batches. default: its value when absent. codes: those of a short Enum.
    """

    name: str
    entity: str
    dtype: str
    period: str
    is_input: bool
    cross_household: str = ""
    default: bool | int | float | str = 0
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class EngineInput:
    """Values of the population that feed one engine variable.

    variable: the engine's name. entity: whose rows `values` are. values: (rows of entity,). split: how a
    group's amount reaches the engine's entity (see `split`). where: (persons,) bool, for split "by".
    """

    variable: str
    entity: str
    values: np.ndarray
    split: Split = "as_is"
    where: np.ndarray | None = None


class Engine(Protocol):
    """A rules engine behind which packages as different as policyengine_us and taxcalc stand.

    capabilities: known without importing the engine's package. version: of our adapter; raise it when the
    same inputs would give other results, so that stored results are not reused. weight: its variable that holds
    the households' weights, which it lets grow when it carries a dataset to a later year. preload: a module whose
    import takes so long that a process should be given it ahead of its first task, or "".
    """

    capabilities: EngineCapabilities
    version: int
    weight: str
    preload: str

    def libraries(self) -> dict[str, str]:
        """Versions of the packages that decide its results, read without importing them."""
        ...

    def known_variables(self) -> Mapping[str, EngineVariable]:
        """Every variable of the engine."""
        ...

    def variable_info(self, names: Iterable[str]) -> dict[str, EngineVariable]:
        """The named variables; SpecError with the nearest name for each that the engine does not know."""
        ...

    def predict_cost(self, households: int, variables: Sequence[str], households_per_batch: int | None = None) -> Cost:
        """Seconds and peak bytes of computing `variables` for `households`, the engine's import included."""
        ...

    def simulate(
        self,
        population: Population,
        inputs: Sequence[EngineInput],
        outputs: Sequence[str],
        period: int,
        dataset_period: int,
        weights: np.ndarray,
    ) -> dict[str, tuple[str, np.ndarray]]:
        """For each output its entity and one value per row of the population's table of that entity."""
        ...

    def write_dataset(
        self,
        population: Population,
        inputs: Sequence[EngineInput],
        weights: np.ndarray,
        path: Path,
        period: int,
    ) -> None:
        """Write the file that the engine's own users open; same population, same bytes."""
        ...


def pick(known: Mapping[str, EngineVariable], names: Iterable[str], engine: str) -> dict[str, EngineVariable]:
    """The named rows of `known`; SpecError listing every unknown name with its nearest neighbour."""
    names = list(dict.fromkeys(names))
    problems = Problems()
    for name in names:
        if name not in known:
            problems.add(f"unknown {engine} variable {name!r}", hint=did_you_mean(name, known))
    problems.raise_if_any()
    return {name: known[name] for name in names}


__all__ = [
    "Cost",
    "Engine",
    "EngineCapabilities",
    "EngineInput",
    "EngineVariable",
    "Split",
    "pick",
]
