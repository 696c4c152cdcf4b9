"""What work costs: features of its shape times coefficients, the currency in which backends predict and plans choose.

A backend says how much of what it does ("forest.splits": 3e8); coefficients say what one of these takes on a machine.
Shipped ones stand in coefficients.json; `plan --measure` puts those of the machine in their place, runs refine them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

Work = Mapping[str, float]
"""Amounts by feature. A feature named import.X is a library: it is paid once a process, and stays in memory."""

IDLE = "idle"


@dataclass(frozen=True)
class Cost:
    """Predicted wall seconds, and the peak resident bytes of the process that does the work, at any instant of it.

    start: how many of these bytes are resident when the work begins: an idle process, the libraries and the memory
    that earlier steps of the serial executor left. work: the features that the figures were made of; a backend that
    names none states its own guess.
    """

    seconds: float = 0.0
    bytes: int = 0
    start: int = 0
    work: Work = field(default_factory=dict)


FREE = Cost()


@dataclass(frozen=True)
class Coefficient:
    """What one unit of a feature takes: seconds, bytes at the peak, and how many bytes of these stay resident after."""

    seconds: float = 0.0
    bytes: float = 0.0
    kept: float = 0.0


# A backend's own guess, in its own seconds and bytes: taken as it is until runs correct it.
GUESSED = {"guessed_seconds": Coefficient(seconds=1.0), "guessed_bytes": Coefficient(bytes=1.0)}


@dataclass(frozen=True)
class CostModel:
    """Coefficients by feature. A feature without coefficient counts nothing."""

    coefficients: Mapping[str, Coefficient]

    def price(self, cost: Cost | Work, of: str = "", resident: Mapping[str, float] | None = None) -> Cost:
        """The cost of work in a process in which `resident` (bytes by feature) stands already.

        A Cost without work is the guess of the backend `of`, its bytes what it adds to the process.
        """
        resident = resident or {}
        start = self.coefficient(IDLE).bytes + sum(resident.values())
        if isinstance(cost, Cost):
            cost = work_of(cost, of)
        seconds = sum(self.coefficient(name).seconds * amount for name, amount in paid(cost, resident).items())
        added = sum(
            max(0.0, self.coefficient(name).bytes * amount - resident.get(name, 0.0)) for name, amount in cost.items()
        )
        return Cost(seconds, int(start + added), int(start), cost)

    def left_by(self, work: Work, resident: Mapping[str, float]) -> dict[str, float]:
        """What is resident after some work: freed memory is used again, so of each feature the most so far stays."""
        kept = {name: self.coefficient(name).kept * amount for name, amount in work.items()}
        return {**resident, **{name: max(size, resident.get(name, 0.0)) for name, size in kept.items() if size}}

    def coefficient(self, feature: str) -> Coefficient:
        return self.coefficients.get(feature) or GUESSED.get(feature.rpartition(".")[2], Coefficient())

    def with_coefficients(self, found: Mapping[str, Coefficient]) -> CostModel:
        """This model with the coefficients of another, where it has any."""
        return CostModel({**self.coefficients, **found})


def work_of(cost: Cost, of: str) -> Work:
    """The work of a cost; of a backend's guess, that guess as work of its own."""
    return cost.work or {f"{of}.guessed_seconds": cost.seconds, f"{of}.guessed_bytes": float(cost.bytes)}


def paid(work: Work, resident: Mapping[str, float]) -> dict[str, float]:
    """The part of the work that takes time: a library that is resident is not imported again."""
    return {name: amount for name, amount in work.items() if not (name in resident and name.startswith("import."))}


def read_coefficients(text: str) -> dict[str, Coefficient]:
    """Coefficients as a JSON file holds them; ValueError, KeyError or TypeError for anything else."""
    return {name: Coefficient(**row) for name, row in json.loads(text)["coefficients"].items()}


@cache
def shipped_costs() -> CostModel:
    """The coefficients that come with the package: measured on two cores, good to a factor of two elsewhere."""
    return CostModel(read_coefficients(Path(__file__).with_name("coefficients.json").read_text(encoding="utf-8")))


def sum_work(*parts: Work) -> dict[str, float]:
    """Several pieces of work done by one step."""
    names = dict.fromkeys(name for part in parts for name in part)
    alone = {name: [part[name] for part in parts if name in part] for name in names}
    return {name: max(found) if name.startswith("import.") else sum(found) for name, found in alone.items()}


@dataclass(frozen=True)
class ImputeShape:
    """What an imputation's cost depends on; recipients=0 asks for the fit alone.

    share_zero, share_negative: shares of the donor rows, by which models of each sign are sized.
    """

    donors: int
    recipients: int
    predictors: int
    regime: str = "continuous"
    share_zero: float = 0.0
    share_negative: float = 0.0


@dataclass(frozen=True)
class CalibrationShape:
    """The size of a calibration problem: rows, columns and stored values of its matrix."""

    records: int
    targets: int
    nonzeros: int
