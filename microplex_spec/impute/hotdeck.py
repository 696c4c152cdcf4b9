"""Imputer `hotdeck`: one of the nearest donors by design weight, as in statistical matching (D'Orazio et al. 2006)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..spec.cost import ImputeShape, Work
from ..spec.errors import Problem
from ..spec.regimes import AUTO, REGIMES
from . import params
from .base import ImputerCapabilities
from .hurdle import HurdleImputer
from .matching import NearestDonors


class Hotdeck(HurdleImputer):
    """A random hot deck within distance: of the nearest donors one is drawn by weight, without a gate.

    Nearness is Euclidean over some of the predictors, signed logarithms on one scale. Draws are donor values.

    neighbours: how many donors count as near. matching: how many predictors, those whose ranks go best with the donors'
    values.
    """

    version = 1
    split = "none"
    capabilities = ImputerCapabilities(
        regimes=frozenset(REGIMES),
        weights=True,
        seeded=True,
        min_rows=1,
        missing_predictors=True,
        exact_donor_values=True,
        needs=("scipy",),
    )

    def __init__(
        self,
        regime: str = AUTO,
        seed: int = 0,
        stream: str = "",
        stray_tolerance: float = 0.005,
        neighbours: int = 20,
        matching: int = 8,
    ):
        super().__init__(regime, seed, stream, stray_tolerance)
        self.neighbours = neighbours
        self.matching = matching

    def problems(self) -> list[Problem]:
        return [
            *super().problems(),
            *params.whole_number("neighbours", self.neighbours, 1),
            *params.whole_number("matching", self.matching, 1),
        ]

    def _amount_model(self) -> NearestDonors:
        return NearestDonors(self.neighbours, self.matching)

    @classmethod
    def amount_work(cls, shape: ImputeShape, settings: Mapping[str, Any]) -> Work:
        return {
            "import.matching": 1,
            "matching.cells": shape.donors * shape.predictors,
            "matching.looks": shape.recipients * settings["neighbours"] * math.log2(max(2, shape.donors)),
        }
