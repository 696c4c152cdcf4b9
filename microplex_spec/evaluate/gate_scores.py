"""Scores of a gate on its own: how well stated probabilities of an event agree with what happened."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..spec.errors import Problems
from .inputs import number_column, weight_column


def gate_scores(event: Any, probability: Any, weights: Any = None, bins: int = 10) -> dict[str, float]:
    """Weighted log_loss, brier, ece and auc of the probabilities (n,) that were stated for events (n,) of 0 and 1.

    auc is NaN where only one outcome occurred. weights: (n,), one each where None. bins: of the calibration error.
    Raises SpecError for events other than 0 and 1, probabilities outside 0..1, lengths that differ.
    """
    y = number_column(event, "events")
    p = number_column(probability, "probabilities", len(y))
    w = weight_column(weights, len(y))
    found = Problems()
    if not np.isin(y, (0.0, 1.0)).all():
        found.add(f"events: {int((~np.isin(y, (0.0, 1.0))).sum()):,} of {len(y):,} are neither 0 nor 1")
    if p.min() < 0 or p.max() > 1:
        found.add(f"probabilities: {int(((p < 0) | (p > 1)).sum()):,} of {len(p):,} are outside 0..1")
    if bins < 1:
        found.add(f"bins = {bins}, which must be at least 1")
    found.raise_if_any()
    happened = y == 1
    return {
        "log_loss": _log_loss(happened, p, w),
        "brier": float(np.average((p - y) ** 2, weights=w)),
        "ece": _calibration_error(happened, p, w, bins),
        "auc": _auc(happened, p, w),
    }


def _log_loss(event: np.ndarray, p: np.ndarray, w: np.ndarray) -> float:
    """Mean of -ln of the probability given to what happened, certainty taken as within one rounding of 0 or 1."""
    least = float(np.finfo(np.float64).eps)
    p = np.clip(p, least, 1.0 - least)
    return float(np.average(-np.log(np.where(event, p, 1.0 - p)), weights=w))


def _calibration_error(event: np.ndarray, p: np.ndarray, w: np.ndarray, bins: int) -> float:
    """Expected calibration error over bins of equal width (Naeini, Cooper and Hauskrecht 2015)."""
    place = np.minimum((p * bins).astype(np.int64), bins - 1)
    stated = np.bincount(place, weights=w * p, minlength=bins)
    happened = np.bincount(place, weights=w * event, minlength=bins)
    return float(np.abs(stated - happened).sum() / w.sum())


def _auc(event: np.ndarray, p: np.ndarray, w: np.ndarray) -> float:
    """Chance that an event was given a higher probability than a non-event, ties by half (Hanley and McNeil 1982)."""
    _, place = np.unique(p, return_inverse=True)
    yes, no = (np.bincount(place, weights=w * side) for side in (event, ~event))
    total = yes.sum() * no.sum()
    return float(yes @ (np.cumsum(no) - 0.5 * no) / total) if total > 0 else float("nan")
