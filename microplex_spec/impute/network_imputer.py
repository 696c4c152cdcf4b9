"""What imputers made of networks share: their parameters, their capability row, the work they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..spec.cost import Work
from ..spec.errors import Problem
from ..spec.regimes import AUTO, REGIMES
from ._rank_network import RankNetwork, network_work
from ._training import NetworkParams
from .base import ImputerCapabilities, ImputeShape
from .gates import DEFAULT_GATE
from .hurdle import HurdleImputer


class NetworkImputer(HurdleImputer):
    """A hurdle whose amounts are drawn from networks of donor ranks with the parameters of `NetworkParams`.

    Codes of categories have no order that ranks could follow: the regime categorical is left to others.
    """

    capabilities = ImputerCapabilities(
        regimes=frozenset(REGIMES) - {"categorical"},
        weights=True,
        seeded=True,
        min_rows=1,
        missing_predictors=True,
        exact_donor_values=True,
        needs=("numba", "torch"),
    )
    amounts: ClassVar[type[RankNetwork]]

    def __init__(
        self,
        regime: str = AUTO,
        seed: int = 0,
        stream: str = "",
        stray_tolerance: float = 0.005,
        gate: str = DEFAULT_GATE,
        hidden: int = 64,
        layers: int = 2,
        knots: int = 16,
        bins: int = 32,
        networks: int = 1,
        epochs: int = 20,
        batch: int = 1024,
        learning_rate: float = 0.002,
        weight_decay: float = 0.3,
        patience: int = 5,
    ):
        super().__init__(regime, seed, stream, stray_tolerance, gate)
        self.hidden = hidden
        self.layers = layers
        self.knots = knots
        self.bins = bins
        self.networks = networks
        self.epochs = epochs
        self.batch = batch
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.patience = patience

    def problems(self) -> list[Problem]:
        return [*super().problems(), *NetworkParams.of(self.get_params()).problems()]

    def _amount_model(self) -> RankNetwork:
        return self.amounts(NetworkParams.of(self.get_params()))

    @classmethod
    def amount_work(cls, shape: ImputeShape, settings: Mapping[str, Any]) -> Work:
        networks = NetworkParams.of(settings)
        return network_work(shape, networks, len(cls.amounts(networks).start()))
