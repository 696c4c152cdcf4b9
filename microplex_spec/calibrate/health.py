"""How far calibration moved weights, and what it cost in effective sample size."""

from __future__ import annotations

import numpy as np

NEAR_CAP = 0.01


def weight_health(
    weights: np.ndarray, initial: np.ndarray, bounds: tuple[float, float] | None = None
) -> dict[str, int | float]:
    """Figures of a weight vector against its initial one, for weights.json.

    weights, initial: (n,). bounds: of the ratios, to count records within 1 % of either (0 without bounds).
    ess is (sum w)^2 / sum w^2 (Kish 1965) and ess_share its share of all n records. Ratios are over
    records of positive initial weight; NaN where there is none.
    Raises ValueError if the shapes differ.
    """
    weights, initial = np.asarray(weights, dtype=np.float64), np.asarray(initial, dtype=np.float64)
    if weights.shape != initial.shape:
        raise ValueError(f"weights have shape {weights.shape}, initial weights {initial.shape}")
    squares = float(weights @ weights)
    ess = float(weights.sum()) ** 2 / squares if squares else 0.0
    ratios = weights[initial > 0] / initial[initial > 0]
    low, median, high = np.quantile(ratios, [0, 0.5, 1]) if ratios.size else (np.nan,) * 3
    lower, upper = bounds or (-np.inf, np.inf)
    return {
        "n": int(weights.size),
        "n_zero": int(np.count_nonzero(weights == 0)),
        "ess": ess,
        "ess_share": ess / weights.size if weights.size else 0.0,
        "min_ratio": float(low),
        "median_ratio": float(median),
        "max_ratio": float(high),
        "cap_hits_lower": int(np.count_nonzero(ratios <= lower * (1 + NEAR_CAP))),
        "cap_hits_upper": int(np.count_nonzero(ratios >= upper * (1 - NEAR_CAP))),
    }
