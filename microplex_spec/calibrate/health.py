"""How far calibration moved weights, what it cost in effective sample size, and which records and targets stand out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .parts import row_sums
from .problem import weighted_sums

if TYPE_CHECKING:
    from .problem import CalibrationProblem

NEAR_CAP = 0.01
QUANTILES = (1, 5, 25, 50, 75, 95, 99)
FEWEST_ESS_SHARE = 0.05
MOST_OF_ALL_WEIGHT = 0.5
"""Collapse: an effective size below the first share of the weighted records, or a percent of them above the second."""
TOP = 10
ONE_PERCENT = 0.01


def weight_health(
    weights: np.ndarray,
    initial: np.ndarray,
    bounds: tuple[float, float] | None = None,
    base: np.ndarray | None = None,
) -> dict[str, Any]:
    """Figures of a weight vector against its initial one, for weights.json.

    weights, initial: (n,). bounds: of the ratios, to count records within 1 % of either (0 without bounds). base: (n,)
    what these bounds are of, 0 for a record that they do not hold for; the initial weights where it is left out.
    ess is (sum w)^2 / sum w^2 (Kish 1965) and ess_share its share of all n records. Ratios are over
    records of positive initial weight; NaN where there is none. largest_percent_share is the share of all weight
    on the largest hundredth of the records that have one. collapse says what is wrong with the weights, or "".
    Raises ValueError if the shapes differ.
    """
    weights, initial = np.asarray(weights, dtype=np.float64), np.asarray(initial, dtype=np.float64)
    if weights.shape != initial.shape:
        raise ValueError(f"weights have shape {weights.shape}, initial weights {initial.shape}")
    ess, largest = _effective_size(weights), _largest_share(weights)
    ratios = weights[initial > 0] / initial[initial > 0]
    low, *middle, high = np.quantile(ratios, [0, *np.divide(QUANTILES, 100), 1]) if ratios.size else [np.nan] * 9
    lower, upper = bounds or (-np.inf, np.inf)
    bounded = ratios if base is None else weights[base > 0] / base[base > 0]
    near = (bounded <= lower * (1 + NEAR_CAP), bounded >= upper * (1 - NEAR_CAP))
    hits = [int(np.count_nonzero(at)) for at in near]
    return {
        "n": int(weights.size),
        "n_zero": int(np.count_nonzero(weights == 0)),
        "ess": ess,
        "ess_share": ess / weights.size if weights.size else 0.0,
        "design_ess_share": _effective_size(initial) / weights.size if weights.size else 0.0,
        "min_ratio": float(low),
        "median_ratio": float(middle[QUANTILES.index(50)]),
        "max_ratio": float(high),
        "ratio_quantiles": {str(q): float(ratio) for q, ratio in zip(QUANTILES, middle, strict=True)},
        "cap_hits_lower": hits[0],
        "cap_hits_upper": hits[1],
        "share_at_caps": sum(hits) / bounded.size if bounded.size else 0.0,
        "largest_percent_share": largest,
        "collapse": _collapse(weights, ess, largest),
    }


def highest_leverage(
    problem: CalibrationProblem, weights: np.ndarray, ids: np.ndarray, top: int = TOP
) -> list[dict[str, Any]]:
    """The records that carry most of the calibrated totals, the first the one with the highest leverage.

    leverage of record i: mean over targets j of w_i |a_ij| / sum over records of w |a_j|, its share in what the target
    is summed up from (the dominance of a contributor, Cox 1981), so that all records come to 1. weights: (n,).
    ids: (n,) of the records. `target` names where its share is largest, `target_share` says how large.
    """
    gross = weighted_sums(problem.matrix, weights, absolute=True)
    carried = np.divide(1.0, gross, out=np.zeros_like(gross), where=gross > 0)
    leverage = weights * row_sums(problem.matrix, carried, absolute=True) / max(gross.size, 1)
    found = []
    for i in np.lexsort((np.arange(leverage.size), -leverage))[:top]:
        own = slice(problem.matrix.indptr[i], problem.matrix.indptr[i + 1])
        columns = problem.matrix.indices[own]
        shares = weights[i] * np.abs(problem.matrix.data[own].astype(np.float64)) * carried[columns]
        if not shares.size:
            break
        most = int(np.argmax(shares))
        w0 = problem.initial_weights[i]
        found.append(
            {
                "id": ids[i].item() if isinstance(ids[i], np.generic) else ids[i],
                "weight": float(weights[i]),
                "ratio": float(weights[i] / w0) if w0 > 0 else None,
                "leverage": float(leverage[i]),
                "target": problem.name(columns[most]),
                "target_share": float(shares[most]),
            }
        )
    return found


def shadow_prices(multipliers: np.ndarray, step: np.ndarray, initial: np.ndarray) -> np.ndarray:
    """(k,) by how much what the solve minimises falls if a figure is eased by one percent.

    That is the mean distance of the weights, and with soft targets the penalty of missing them besides. At the solution
    a multiplier is its derivative by the target (the envelope theorem; Deville and Sarndal 1992 call it lambda).
    multipliers: (k,). step: (k,) what one percent of each figure is in its column's unit. initial: (n,), by which
    distances are averaged: ratios that scatter by s are at a mean distance of about s^2 / 2. All NaN where no
    multiplier is known.
    """
    if not multipliers.any():
        return np.full(multipliers.size, np.nan)
    return np.abs(multipliers) * step / initial.sum()


def highest_prices(names: Sequence[str], prices: np.ndarray, top: int = TOP) -> list[dict[str, Any]]:
    """The targets that cost most to meet, the dearest first; none where no price is known."""
    known = np.flatnonzero(np.nan_to_num(prices) > 0)
    order = known[np.argsort(-prices[known], kind="stable")][:top]
    return [{"target": names[j], "shadow_price": float(prices[j])} for j in order]


def _effective_size(weights: np.ndarray) -> float:
    # A plain sum: a dot product would differ in its last digits with the threads of the linear algebra.
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def _largest_share(weights: np.ndarray) -> float:
    positive = weights[weights > 0]
    if not positive.size:
        return 0.0
    count = max(1, round(ONE_PERCENT * positive.size))
    return float(np.partition(positive, positive.size - count)[-count:].sum() / positive.sum())


def _collapse(weights: np.ndarray, ess: float, largest: float) -> str:
    held = np.count_nonzero(weights > 0)
    said = []
    if held and ess < FEWEST_ESS_SHARE * held:
        said.append(f"the effective sample size is {ess / held:.1%} of the records that have a weight")
    # Of fewer than a hundred records, one is more than a percent.
    if held >= 100 and largest > MOST_OF_ALL_WEIGHT:
        said.append(f"a hundredth of the records carries {largest:.0%} of all weight")
    return " and ".join(said)
