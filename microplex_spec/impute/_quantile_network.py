"""A quantile network: the whole conditional quantile function at once, monotone by construction."""

from __future__ import annotations

import numpy as np

from ._rank_network import RankNetwork
from ._training import Loss


class QuantileNetwork(RankNetwork):
    """Regression quantiles by a network, drawn at a random level (Koenker and Bassett 1978; Dabney et al. 2018).

    The outputs are the steps between the quantiles at fixed levels, close together near 0 and 1, as shares of one: so
    quantiles cannot cross, and every donor trains all of them. The loss is the mean pinball loss over the levels.
    """

    def levels(self) -> np.ndarray:
        """(bins + 1,) levels from 0 to 1, the closer the nearer to either end."""
        return np.sin(np.linspace(0.0, np.pi / 2, self.params.bins + 1)) ** 2

    def start(self) -> np.ndarray:
        return np.log(np.diff(self.levels()))

    def loss(self) -> Loss:
        import torch

        levels = torch.from_numpy(self.levels()[1:-1].astype(np.float32))

        def pinball(scores: torch.Tensor, ranks: torch.Tensor) -> torch.Tensor:
            quantiles = torch.softmax(scores, dim=1).cumsum(dim=1)[:, :-1]
            above = ranks[:, None] - quantiles
            return torch.maximum(levels * above, (levels - 1.0) * above).mean(dim=1)

        return pinball

    def ranks_at(self, scores: np.ndarray, u: np.ndarray) -> np.ndarray:
        from ._network_kernel import quantile_ranks

        return quantile_ranks(scores, self.levels(), u)
