"""Gate `logistic`: weighted logistic regression on standardised signed logarithms, by scikit-learn."""

from __future__ import annotations

from typing import Self

import numpy as np

from ...spec.cost import ImputeShape, Work
from ..scaled_inputs import ScaledInputs

MOST_STEPS = 200


class LogisticGate:
    """Linear in the predictors' signed logarithms, with a flag for each predictor that is missing somewhere."""

    def fit(self, X: np.ndarray, event: np.ndarray, w: np.ndarray, seed: int) -> Self:
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        self.inputs_ = ScaledInputs().fit(X, w)
        # One thread: parallel sums would round differently with every number of threads.
        with threadpool_limits(limits=1):
            model = LogisticRegression(max_iter=MOST_STEPS).fit(self.inputs_.transform(X), event, w / w.mean())
        self.coefficients_, self.intercept_ = model.coef_[0], float(model.intercept_[0])
        return self

    def probability(self, X: np.ndarray) -> np.ndarray:
        from scipy.special import expit

        # Sums along each row by itself: a matrix product would round by the number of rows.
        return expit((self.inputs_.transform(X) * self.coefficients_).sum(axis=1) + self.intercept_)

    @staticmethod
    def work(shape: ImputeShape) -> Work:
        cells = shape.predictors * shape.donors
        return {"import.forest": 1, "logistic.cells": cells, "logistic.draws": shape.recipients * shape.predictors}
