"""Seed noise: from which size on a difference says more than the scatter over seeds does."""

from __future__ import annotations

import math
from collections.abc import Sequence

CONFIDENCE = 0.95


def beyond(difference: float, spreads: Sequence[float], runs: Sequence[int]) -> bool:
    """Whether the difference of two means is further from 0 than seeds alone would bring it (Welch 1947).

    spreads: standard deviation over seeds on each side; runs: how many runs each of the means is of. False where a
    spread is unknown: nothing is claimed then.
    """
    return abs(difference) > margin(spreads, runs)


def margin(spreads: Sequence[float], runs: Sequence[int]) -> float:
    """Half the width of the 95 % interval of the difference of two means; infinite where it is not known."""
    if any(math.isnan(spread) for spread in spreads) or min(runs) < 2:
        return math.inf
    parts = [spread**2 / n for spread, n in zip(spreads, runs, strict=True)]
    total = sum(parts)
    if total == 0:
        return 0.0
    freedom = total**2 / sum(part**2 / (n - 1) for part, n in zip(parts, runs, strict=True))
    return quantile(freedom) * math.sqrt(total)


def margin_of_runs(spread: float, seeds: int) -> float:
    """The same for two single runs, when their scatter is known from `seeds` runs of one of them."""
    return math.inf if seeds < 2 or math.isnan(spread) else quantile(seeds - 1) * math.sqrt(2) * spread


def quantile(freedom: float) -> float:
    """Student's t for the confidence that is used here, two-sided."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + CONFIDENCE / 2))
