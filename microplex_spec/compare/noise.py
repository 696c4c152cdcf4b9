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


def margin_of_runs(spread: float, seeds: int, tests: int = 1) -> float:
    """The same for two single runs, when their scatter is known from `seeds` runs of one of them.

    tests: of how many figures any one may be beyond its margin (Bonferroni; Dunn 1961): the confidence is that of all.
    """
    return math.inf if seeds < 2 or math.isnan(spread) else quantile(seeds - 1, tests) * math.sqrt(2) * spread


def by_chance(rows: int) -> float:
    """How many of so many rows seeds alone are expected to put beyond their margins, each tested by itself."""
    return (1 - CONFIDENCE) * rows


def quantile(freedom: float, tests: int = 1) -> float:
    """Student's t for the confidence that is used here, two-sided, shared among `tests` figures."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - (1 - CONFIDENCE) / 2 / tests))
