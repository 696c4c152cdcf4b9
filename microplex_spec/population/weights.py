"""The two kinds of weight a population carries, the columns that hold them, and what makes one invalid."""

from __future__ import annotations

from typing import Literal

import numpy as np

type WeightKind = Literal["design", "calibrated"]

DESIGN_WEIGHT = "design_weight"
CALIBRATED_WEIGHT = "weight"
WEIGHT_COLUMNS: dict[str, str] = {"design": DESIGN_WEIGHT, "calibrated": CALIBRATED_WEIGHT}


def bad_weights(weights: np.ndarray) -> tuple[np.ndarray, str]:
    """Which weights (n,) cannot be used, and what they are, such as "negative and missing"; "" where all can be."""
    kinds = {
        "negative": (weights < 0) & np.isfinite(weights),
        "missing": np.isnan(weights),
        "infinite": np.isinf(weights),
    }
    bad = np.logical_or.reduce(list(kinds.values()))
    return bad, " and ".join(kind for kind, rows in kinds.items() if rows.any())


def weight_fault(column: str, weights: np.ndarray, root: str) -> str:
    """What is wrong with these weights, in words with counts; "" where all are finite and at least 0."""
    if weights.dtype.kind not in "iuf":
        return f"{column} of {root} holds {weights.dtype}, not numbers"
    bad, what = bad_weights(weights)
    return f"{what} weights in {column}: {int(bad.sum()):,} of {len(weights):,} rows of {root}" if what else ""
