"""Training of a small network on weighted donors by torch: batches, donors held out, the best state kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..spec.errors import Problem, SpecError
from ..torch_threads import one_torch_thread
from . import params

if TYPE_CHECKING:
    import torch

HELD_OUT = 0.1
# Fewer donors are used in smaller batches, so that a round over them takes at least so many steps.
LEAST_STEPS, LEAST_BATCH = 32, 32
LONGEST_GRADIENT = 1.0
# Pieces have a least width of which so many leave most of the unit interval free.
MOST_BINS = 256

type Layers = list[tuple[np.ndarray, np.ndarray]]
"""Weight (out, in) and bias (out,) float32 of each layer, the head last."""
type Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""The loss (n,) of outputs (n, m) for ranks (n,)."""


@dataclass(frozen=True)
class NetworkParams:
    """How networks are built and trained.

    hidden: units a layer. layers: how many, below the head. knots: places at most where the response to a predictor
    bends. bins: pieces of the conditional distribution. networks: how many are trained; each draws for its part of the
    records. epochs: most rounds over the donors. batch: donors a step, fewer where a round would be too few steps.
    learning_rate: of AdamW, at the start. weight_decay: of AdamW. patience: rounds without a lower held-out loss before
    an end.
    """

    hidden: int = 64
    layers: int = 2
    knots: int = 16
    bins: int = 32
    networks: int = 1
    epochs: int = 20
    batch: int = 1024
    learning_rate: float = 0.002
    weight_decay: float = 0.3
    patience: int = 5

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """The networks' part of an imputer's parameters."""
        return cls(**{item.name: settings[item.name] for item in fields(cls)})

    def batch_of(self, donors: int) -> int:
        """How many donors a step uses: fewer than asked for where a round would be too few steps."""
        return min(self.batch, max(LEAST_BATCH, donors // LEAST_STEPS))

    def problems(self) -> list[Problem]:
        least = {"hidden": 1, "layers": 1, "knots": 2, "networks": 1, "epochs": 1, "batch": 1, "patience": 1}
        return [
            *chain.from_iterable(params.whole_number(name, getattr(self, name), few) for name, few in least.items()),
            *params.whole_number("bins", self.bins, 2, MOST_BINS),
            *params.positive("learning_rate", self.learning_rate),
            *params.positive("weight_decay", self.weight_decay, zero_ok=True),
        ]


def train(
    rows: np.ndarray,
    interval: tuple[np.ndarray, np.ndarray],
    weights: np.ndarray,
    loss: Loss,
    start: np.ndarray,
    settings: NetworkParams,
    seed: int,
) -> tuple[Layers, list[float]]:
    """Minimise the design-weighted loss of donors' ranks by AdamW (Loshchilov and Hutter 2019).

    rows: float32 (n, width). interval: where the ranks of each donor's value begin and end, (n,) each; a rank between
    is drawn whenever the donor is used (Theis, van den Oord and Bethge 2016). start: (m,), the outputs of every row
    before training. The rate falls in a straight line to zero. On one thread and with a generator of its own: same
    seed, same bytes, torch's random state as it was.

    Returns the layers as they were when the weighted loss of the held-out donors was least, and that loss at the start
    and after each epoch. Raises SpecError where the loss is no longer a number.
    """
    import torch

    generator = torch.Generator().manual_seed(seed % 2**63)
    with one_torch_thread():
        x = torch.from_numpy(rows)
        low, high, w = (torch.from_numpy(part.astype(np.float32)) for part in (*interval, weights))
        network = _Network([rows.shape[1], *[settings.hidden] * settings.layers, len(start)], start, generator)

        def error(places: torch.Tensor, within: torch.Tensor) -> torch.Tensor:
            ranks = low[places] + within * (high[places] - low[places])
            return (loss(network(x[places]), ranks) * w[places]).sum()

        order = torch.randperm(len(x), generator=generator)
        held, used = order.tensor_split([round(HELD_OUT * len(x))])
        within_held, mass_held = torch.rand(len(held), generator=generator), w[held].sum()
        batch = settings.batch_of(len(used))
        steps = settings.epochs * -(-len(used) // batch)
        optimiser = torch.optim.AdamW(
            network.parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay, foreach=True
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1.0 - step / steps)
        best, history = network.layers_as_arrays(), list[float]()
        for epoch in range(settings.epochs + 1):
            if epoch:
                for part in torch.randperm(len(used), generator=generator).split(batch):
                    optimiser.zero_grad()
                    within = torch.rand(len(part), generator=generator)
                    (error(used[part], within) / len(part)).backward()
                    torch.nn.utils.clip_grad_norm_(network.parameters, LONGEST_GRADIENT)
                    optimiser.step()
                    schedule.step()
            with torch.no_grad():
                history.append(float(error(held, within_held) / mass_held))
            if not np.isfinite(history[-1]):
                raise SpecError(Problem("the network diverged", hint="lower learning_rate"))
            least = int(np.argmin(history))
            if least == epoch:
                best = network.layers_as_arrays()
            if epoch - least >= settings.patience:
                break
    return best, history


class _Network:
    """Layers of rectified units below a linear head that gives every row the same outputs at the start."""

    def __init__(self, widths: list[int], start: np.ndarray, generator: torch.Generator):
        import torch

        bounds = [(6.0 / max(1, wide)) ** 0.5 for wide in widths[:-2]] + [0.0]
        weights = [
            torch.empty(narrow, wide).uniform_(-bound, bound, generator=generator)
            for (wide, narrow), bound in zip(pairwise(widths), bounds, strict=True)
        ]
        biases = [*(torch.zeros(width) for width in widths[1:-1]), torch.from_numpy(start.astype(np.float32))]
        self._layers = list(zip(weights, biases, strict=True))
        self.parameters = [parameter.requires_grad_() for layer in self._layers for parameter in layer]

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        from torch.nn.functional import linear, relu

        for layer in self._layers[:-1]:
            x = relu(linear(x, *layer))
        return linear(x, *self._layers[-1])

    def layers_as_arrays(self) -> Layers:
        return [(weight.detach().numpy().copy(), bias.detach().numpy().copy()) for weight, bias in self._layers]
