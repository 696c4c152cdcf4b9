"""PRDC in the latent space of an autoencoder, where distances follow what goes together in the training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..spec.errors import Problems
from .autoencoder import Layers, fit_autoencoder
from .inputs import number_table, table_pair, weight_column
from .prdc import prdc
from .scaling import Scaling, fit_scaling

# Rows encoded at a time: fixed, so that the codes of a row do not depend on memory or threads.
_ROWS = 4096


@dataclass(frozen=True)
class Encoder:
    """Turns records into codes; made by `fit_encoder`. lost: share of the training rows' variance it gives away."""

    scaling: Scaling
    layers: Layers
    lost: float

    def __call__(self, values: Any) -> np.ndarray:
        """Codes (n, latent) float64 of records (n, p), finite, with the columns of the training rows."""
        from threadpoolctl import threadpool_limits

        rows = self.scaling(values).astype(np.float32)
        (first, first_bias), (second, second_bias) = self.layers
        codes = np.empty((len(rows), len(second_bias)))
        with threadpool_limits(1, user_api="blas"):
            for start in range(0, len(rows), _ROWS):
                inner = np.maximum(rows[start : start + _ROWS] @ first.T + first_bias, 0.0)
                codes[start : start + _ROWS] = inner @ second.T + second_bias
        return codes


def fit_encoder(
    train: Any,
    weights: Any = None,
    latent: int = 16,
    hidden: int = 64,
    epochs: int = 30,
    batch: int = 512,
    learning_rate: float = 2e-3,
    log: bool = True,
    seed: int = 0,
) -> Encoder:
    """Fit an autoencoder on training rows only, so that neither held-out nor synthetic rows shape the space.

    train: (n, p) finite; weights: (n,) design weights, one each where None; log: amounts on the signed-log scale
    before they are standardised. See `fit_autoencoder` for the rest. Raises SpecError.
    """
    table = number_table(train, "training rows", rows=2)
    w = weight_column(weights, len(table))
    found = Problems()
    for name, value in {"latent": latent, "hidden": hidden, "epochs": epochs, "batch": batch}.items():
        if value < 1:
            found.add(f"{name} = {value}, which must be at least 1")
    if not 0 < learning_rate < np.inf:
        found.add(f"learning_rate = {learning_rate}, which must be above 0")
    found.raise_if_any()
    scaling = fit_scaling(table, w, log)
    return Encoder(scaling, *fit_autoencoder(scaling(table), w, latent, hidden, epochs, batch, learning_rate, seed))


def latent_prdc(
    encoder: Encoder, real: Any, synthetic: Any, k: int = 5, cap: int | None = None, seed: int = 0
) -> dict[str, float]:
    """PRDC of the codes of real rows (n, p), not the training rows, and synthetic rows (m, p); see `prdc`."""
    real, synthetic = table_pair(real, synthetic)
    return prdc(encoder(real), encoder(synthetic), k, cap, seed)
