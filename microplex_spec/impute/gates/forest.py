"""Gates `rf` and `rf_isotonic`: the random forest classifier of scikit-learn, as it is and calibrated."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from ...spec.cost import ImputeShape, Work


class RfGate:
    """A random forest (Breiman 2001) with small leaves; weights are taken as scikit-learn takes them."""

    settings: ClassVar[dict[str, Any]] = {"n_estimators": 100, "min_samples_leaf": 5}

    def fit(self, X: np.ndarray, event: np.ndarray, w: np.ndarray, seed: int) -> Self:
        self._grow(X, event, w, seed, oob_score=False)
        return self

    def _grow(self, X: np.ndarray, event: np.ndarray, w: np.ndarray, seed: int, oob_score: bool) -> None:
        from sklearn.ensemble import RandomForestClassifier

        self.model_ = RandomForestClassifier(**self.settings, oob_score=oob_score, n_jobs=-1, random_state=seed)
        self.model_.fit(X, event, sample_weight=w / w.mean())
        # Trees are added up in order on one thread: several would round by who comes first.
        self.model_.n_jobs = 1

    def probability(self, X: np.ndarray) -> np.ndarray:
        return self.model_.predict_proba(X)[:, 1] if len(X) else np.empty(0)

    @staticmethod
    def work(shape: ImputeShape) -> Work:
        cells = shape.donors * shape.predictors
        return {"import.forest": 1, "rf.cells": cells, "rf.draws": shape.recipients}


class RfIsotonicGate(RfGate):
    """Its probabilities led through an isotonic curve (Zadrozny and Elkan 2002), fitted on out-of-bag predictions.

    Weights enter by the curve alone: a weighted forest without a heavy donor's own vote is further from it than from
    others, and the curve would make up for that where nothing is left out.
    """

    def fit(self, X: np.ndarray, event: np.ndarray, w: np.ndarray, seed: int) -> Self:
        import warnings

        from sklearn.isotonic import IsotonicRegression

        with warnings.catch_warnings():
            # Of few donors some are in every tree's bag; these are left out below.
            warnings.filterwarnings("ignore", message="Some inputs do not have OOB scores")
            self._grow(X, event, np.ones(len(w)), seed, oob_score=True)
        out_of_bag = self.model_.oob_decision_function_[:, 1]
        told = ~np.isnan(out_of_bag)
        self.curve_ = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
        self.curve_.fit(out_of_bag[told], event[told], sample_weight=w[told])
        return self

    def probability(self, X: np.ndarray) -> np.ndarray:
        raw = super().probability(X)
        return self.curve_.predict(raw) if len(raw) else raw
