"""Gate `mlp`: a small neural network by scikit-learn, stopped early on donors that it does not train on."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from ...spec.cost import ImputeShape, Work
from ..scaled_inputs import ScaledInputs

FEWEST = 50
"""Donors below which none are set aside to stop early by."""


class MlpGate:
    """One hidden layer of rectified units on standardised signed logarithms of the predictors."""

    settings: ClassVar[dict[str, Any]] = {
        "hidden_layer_sizes": (32,),
        "alpha": 1e-3,
        "batch_size": 512,
        "learning_rate_init": 3e-3,
        "max_iter": 60,
        "n_iter_no_change": 5,
    }

    def fit(self, X: np.ndarray, event: np.ndarray, w: np.ndarray, seed: int) -> Self:
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier
        from threadpoolctl import threadpool_limits

        self.inputs_ = ScaledInputs().fit(X, w)
        settings = self.settings | {"batch_size": min(self.settings["batch_size"], max(1, len(X) // 2))}
        # Setting some aside keeps their shares of the event, for which each outcome must be there a few times.
        early = min(event.sum(), (~event).sum()) >= FEWEST
        model = MLPClassifier(**settings, early_stopping=bool(early), random_state=seed)
        with threadpool_limits(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(self.inputs_.transform(X), event, sample_weight=w / w.mean())
        self.weights_, self.biases_ = model.coefs_, model.intercepts_
        return self

    def probability(self, X: np.ndarray) -> np.ndarray:
        from scipy.special import expit

        from ._layers_kernel import two_layers

        (first, second), (inner, outer) = self.weights_, self.biases_
        return expit(two_layers(self.inputs_.transform(X), first, inner, second[:, 0], outer[0]))

    @staticmethod
    def work(shape: ImputeShape) -> Work:
        cells = shape.predictors * shape.donors
        return {"import.forest": 1, "mlp.cells": cells, "mlp.draws": shape.recipients * shape.predictors}
