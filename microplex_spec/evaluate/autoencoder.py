"""A small seeded autoencoder of records (Hinton and Salakhutdinov 2006): two layers in, two layers out, by torch."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..spec.errors import Problem, SpecError
from ..torch_threads import one_torch_thread

if TYPE_CHECKING:
    import torch

type Layers = list[tuple[np.ndarray, np.ndarray]]


def fit_autoencoder(
    rows: np.ndarray,
    weights: np.ndarray,
    latent: int,
    hidden: int,
    epochs: int,
    batch: int,
    learning_rate: float,
    seed: int,
) -> tuple[Layers, float]:
    """Learn to give standardised rows back through `latent` numbers; the encoder, and the variance that it loses.

    rows: (n, p) standardised; weights: (n,) of the squared errors. Every step is Adam's (Kingma and Ba 2015) on one
    batch, its rate falling in a straight line to zero. On one thread and with a generator of its own: same seed, same
    bytes, torch's random state as it was. Returns [(weight (out, in), bias (out,)) float32 of the two encoding
    layers], and the weighted squared error of all rows over their weighted square. Raises SpecError where it diverges.
    """
    import torch
    from torch.nn.functional import linear, relu

    widths = [rows.shape[1], hidden, latent, hidden, rows.shape[1]]
    generator = torch.Generator().manual_seed(seed % 2**63)
    with one_torch_thread():
        x = torch.from_numpy(rows.astype(np.float32))
        w = torch.from_numpy((weights / weights.mean()).astype(np.float32))
        layers = [_layer(wide, narrow, generator) for wide, narrow in pairwise(widths)]

        def errors(part: torch.Tensor) -> torch.Tensor:
            code = linear(relu(linear(part, *layers[0])), *layers[1])
            back = linear(relu(linear(code, *layers[2])), *layers[3])
            return ((back - part) ** 2).mean(dim=1)

        parameters = [parameter for layer in layers for parameter in layer]
        optimiser = torch.optim.Adam(parameters, lr=learning_rate)
        steps = epochs * -(-len(x) // batch)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1.0 - step / steps)
        for _ in range(epochs):
            for places in torch.randperm(len(x), generator=generator).split(batch):
                optimiser.zero_grad()
                (errors(x[places]) * w[places]).mean().backward()
                # A record far from all others must not throw the rest off.
                torch.nn.utils.clip_grad_norm_(parameters, 1.0)
                optimiser.step()
                schedule.step()
        with torch.no_grad():
            lost = sum(float((errors(part) * v).sum()) for part, v in zip(x.split(8192), w.split(8192), strict=True))
            held = float(((x**2).mean(dim=1) * w).sum())
            encoder = [(weight.numpy().copy(), bias.numpy().copy()) for weight, bias in layers[:2]]
    if not np.isfinite(lost):
        raise SpecError(Problem("the autoencoder diverged", hint="lower learning_rate, or take the log of amounts"))
    return encoder, lost / held if held > 0 else 0.0


def _layer(wide: int, narrow: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    bound = wide**-0.5
    weight = torch.empty(narrow, wide).uniform_(-bound, bound, generator=generator)
    return weight.requires_grad_(), torch.zeros(narrow).requires_grad_()
