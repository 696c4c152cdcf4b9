"""The two kinds of weight a population carries, the columns that hold them, and what makes one invalid."""

from __future__ import annotations

from typing import Literal

import numpy as np

type WeightKind = Literal["design", "calibrated"]

DESIGN_WEIGHT = "design_weight"
CALIBRATED_WEIGHT = "weight"
WEIGHT_COLUMNS: dict[str, str] = {"design": DESIGN_WEIGHT, "calibrated": CALIBRATED_WEIGHT}


def weight_fault(column: str, weights: np.ndarray, root: str) -> str:
    """What is wrong with these weights, in words with counts; "" where all are finite and at least 0."""
    if weights.dtype.kind not in "iuf":
        return f"{column} of {root} holds {weights.dtype}, not numbers"
    bad = int(np.count_nonzero(~(np.isfinite(weights) & (weights >= 0))))
    if bad:
        return f"negative or missing weights in {column}: {bad:,} of {len(weights):,} rows of {root}"
    return ""
