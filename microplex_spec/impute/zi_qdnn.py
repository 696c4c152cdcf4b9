"""Imputer `zi_qdnn`: a gate draws whether a value is zero, a quantile network all other values."""

from __future__ import annotations

from ._quantile_network import QuantileNetwork
from .network_imputer import NetworkImputer


class ZiQdnn(NetworkImputer):
    """A hurdle model (Cragg 1971) whose nonzero values are drawn from a `QuantileNetwork`, both signs together.

    Parameters and results: see `HurdleImputer` and `NetworkParams`.
    """

    version = 1
    split = "zero"
    amounts = QuantileNetwork
