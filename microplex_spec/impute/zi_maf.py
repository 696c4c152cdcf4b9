"""Imputer `zi_maf`: a gate draws whether a value is zero, a conditional flow all other values."""

from __future__ import annotations

from ._flow import Flow
from .network_imputer import NetworkImputer


class ZiMaf(NetworkImputer):
    """A hurdle model (Cragg 1971) whose nonzero values are drawn from a `Flow`, both signs together.

    The chain of variables (`order`) is the autoregression of a masked autoregressive flow: each is drawn given its
    predictors and the variables before it. Parameters and results: see `HurdleImputer` and
    `NetworkParams`.
    """

    version = 1
    split = "zero"
    amounts = Flow
