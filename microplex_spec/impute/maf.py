"""Imputer `maf`: a conditional flow of all values, zeros and signs included."""

from __future__ import annotations

from ._flow import Flow
from .network_imputer import NetworkImputer


class Maf(NetworkImputer):
    """A `Flow` under design weights, without a gate: one factor of a masked autoregressive flow.

    The chain of variables (`order`) is the autoregression: each is drawn given its predictors and the variables before
    it. Draws are donor values, so every regime's structure holds by construction. Parameters: see `NetworkParams`.
    """

    version = 1
    split = "none"
    amounts = Flow
