"""A conditional flow of one variable: monotone rational-quadratic splines that carry its rank to a uniform level."""

from __future__ import annotations

import numpy as np

from ._rank_network import RankNetwork
from ._training import Loss

LEAST_BIN = 1e-3
"""The least width and height of a bin of a spline on the unit square, and the least slope at its ends.

`MOST_BINS` of them leave most of the square free.
"""


class Flow(RankNetwork):
    """One factor of a masked autoregressive flow (Papamakarios, Pavlakou and Murray 2017), with its exact likelihood.

    The chain of variables is the autoregression: each is a flow given its predictors, the variables drawn before among
    them, so that no mask is needed. An affine step in one dimension could only be a Gaussian; a spline of `bins` pieces
    on the unit square (Durkan, Bekasov, Murray and Papamakarios 2019) takes any shape. The outputs are the widths,
    heights and slopes of its bins; the loss is the negative log-likelihood.
    """

    def start(self) -> np.ndarray:
        bins = self.params.bins
        # Slopes of one: the straight line, which is the donors' own distribution.
        return np.concatenate([np.zeros(2 * bins), np.full(bins + 1, np.log(np.expm1(1.0 - LEAST_BIN)))])

    def loss(self) -> Loss:
        import torch
        from torch.nn.functional import softplus

        bins = self.params.bins
        room = 1.0 - bins * LEAST_BIN

        def surprise(scores: torch.Tensor, ranks: torch.Tensor) -> torch.Tensor:
            widths = LEAST_BIN + room * torch.softmax(scores[:, :bins], dim=1)
            heights = LEAST_BIN + room * torch.softmax(scores[:, bins : 2 * bins], dim=1)
            slopes = LEAST_BIN + softplus(scores[:, 2 * bins :])
            ends = widths.cumsum(dim=1)
            at = (ends[:, :-1] <= ranks[:, None]).sum(dim=1, keepdim=True)
            width, height = widths.gather(1, at), heights.gather(1, at)
            first, second = slopes.gather(1, at), slopes.gather(1, at + 1)
            along = ((ranks[:, None] - ends.gather(1, at)) / width + 1.0).clamp(0.0, 1.0)
            left, mean = 1.0 - along, height / width
            slope = second * along**2 + 2.0 * mean * along * left + first * left**2
            scale = mean + (first + second - 2.0 * mean) * along * left
            return (2.0 * torch.log(scale / mean) - torch.log(slope))[:, 0]

        return surprise

    def ranks_at(self, scores: np.ndarray, u: np.ndarray) -> np.ndarray:
        from ._network_kernel import spline_ranks

        return spline_ranks(scores, u, LEAST_BIN)
