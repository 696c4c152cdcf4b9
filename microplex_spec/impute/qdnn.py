"""Imputer `qdnn`: a quantile network of all values, zeros and signs included."""

from __future__ import annotations

from ._quantile_network import QuantileNetwork
from .network_imputer import NetworkImputer


class Qdnn(NetworkImputer):
    """A `QuantileNetwork` drawn at a random level, under design weights, without a gate.

    Draws are donor values, so every regime's structure holds by construction. Parameters: see `NetworkParams`.
    """

    version = 1
    split = "none"
    amounts = QuantileNetwork
