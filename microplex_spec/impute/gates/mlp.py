"""Gate `mlp`: a small neural network by scikit-learn, moved to draw the event as often as donors have it."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from ...spec.cost import ImputeShape, Work
from ..scaled_inputs import ScaledInputs

NEWTON_STEPS = 50


class MlpGate:
    """One hidden layer of rectified units on standardised signed logarithms of the predictors.

    It is not stopped early: scikit-learn does so by accuracy, which does not move with a rare event, and would leave
    the network as it began.
    """

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
        model = MLPClassifier(**settings, random_state=seed)
        with threadpool_limits(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(self.inputs_.transform(X), event, sample_weight=w / w.mean())
        self.weights_, self.biases_ = model.coefs_, model.intercepts_
        self.biases_[1] = self.biases_[1] + calibrating_shift(self._scores(X), float(event @ w / w.sum()), w)
        return self

    def probability(self, X: np.ndarray) -> np.ndarray:
        from scipy.special import expit

        return expit(self._scores(X))

    def _scores(self, X: np.ndarray) -> np.ndarray:
        """(n,) log odds of the event."""
        from ._layers_kernel import two_layers

        (first, second), (inner, outer) = self.weights_, self.biases_
        return two_layers(self.inputs_.transform(X), first, inner, second[:, 0], outer[0])

    @staticmethod
    def work(shape: ImputeShape) -> Work:
        cells = shape.predictors * shape.donors
        return {"import.forest": 1, "mlp.cells": cells, "mlp.draws": shape.recipients * shape.predictors}


def calibrating_shift(scores: np.ndarray, share: float, w: np.ndarray) -> float:
    """What to add to log odds (n,) so that probabilities come to a share in (0, 1) under weights w (n,).

    By Newton steps, kept short: the mean probability rises with the shift.
    """
    from scipy.special import expit

    shift = 0.0
    for _ in range(NEWTON_STEPS):
        probability = expit(scores + shift)
        slope = float((w * probability * (1 - probability)).sum() / w.sum())
        step = (share - float((w * probability).sum() / w.sum())) / max(slope, 1e-12)
        shift += float(np.clip(step, -1.0, 1.0))
        if abs(step) < 1e-10:
            break
    return shift
