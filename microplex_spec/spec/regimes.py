"""Regimes: the signs a variable's support holds, the weighted evidence for them, and the check of the two.

A regime is the one declaration that drives gates, per-sign models and checks. The checks read a `Support`
alone, so that a compiler can run them on a stored profile without any donor rows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

Sign = Literal["negative", "zero", "positive"]
SIGNS: tuple[Sign, ...] = ("negative", "zero", "positive")

# Integers with more distinct values than this are amounts rounded to dollars, not counts.
MOST_COUNTS = 30
# Below this share zero is one value among others, not a point mass that needs a model of its own.
LEAST_POINT_MASS = 0.005


@dataclass(frozen=True)
class Regime:
    """The support of a variable. `gated`: its signs are modelled apart, each with values of its own."""

    name: str
    signs: tuple[Sign, ...]
    gated: bool = False
    values: Literal["real", "count", "binary"] = "real"


REGIMES: dict[str, Regime] = {
    regime.name: regime
    for regime in (
        Regime("continuous", SIGNS),
        Regime("positive", ("positive",)),
        Regime("negative", ("negative",)),
        Regime("zero_inflated", ("zero", "positive"), gated=True),
        Regime("zero_inflated_negative", ("negative", "zero"), gated=True),
        Regime("three_sign", SIGNS, gated=True),
        Regime("two_sign", ("negative", "positive"), gated=True),
        Regime("constant_zero", ("zero",)),
        Regime("count", ("zero", "positive"), values="count"),
        Regime("binary", ("zero", "positive"), values="binary"),
        Regime("categorical", SIGNS),
    )
}
AUTO = "auto"


@dataclass(frozen=True)
class Support:
    """Observed support of a donor variable: rows and weighted shares (0..1) of each kind of value.

    not_count: negative or fractional; not_binary: neither 0 nor 1. smallest_positive and largest_negative are
    None where the sign is absent. Flat, so that `Support(**row)` reads it back from a stored profile.
    """

    rows: int
    rows_negative: int
    rows_zero: int
    rows_positive: int
    rows_not_count: int
    rows_not_binary: int
    share_negative: float
    share_zero: float
    share_positive: float
    share_not_count: float
    share_not_binary: float
    smallest_positive: float | None
    largest_negative: float | None
    distinct: int

    @property
    def weighted(self) -> bool:
        """Whether any of the rows has a weight."""
        return self.share_negative + self.share_zero + self.share_positive > 0

    @property
    def signs(self) -> tuple[Sign, ...]:
        """The signs that at least one donor row has."""
        return tuple(sign for sign in SIGNS if getattr(self, f"rows_{sign}"))


def observed_support(y: np.ndarray, w: np.ndarray | None = None) -> Support:
    """Weighted support of the donor values y (n,), finite, under design weights w (n,), non-negative."""
    y = np.asarray(y, dtype=np.float64)
    w = np.ones(len(y)) if w is None else np.asarray(w, dtype=np.float64)
    negative, positive = y < 0, y > 0
    kinds = {
        "negative": negative,
        "zero": y == 0,
        "positive": positive,
        "not_count": negative | (y != np.floor(y)),
        "not_binary": (y != 0) & (y != 1),
    }
    total = w.sum() or 1.0
    shares: dict[str, Any] = {f"share_{kind}": float(w[mask].sum() / total) for kind, mask in kinds.items()}
    return Support(
        rows=len(y),
        **{f"rows_{kind}": int(mask.sum()) for kind, mask in kinds.items()},
        **shares,
        smallest_positive=float(y[positive].min()) if positive.any() else None,
        largest_negative=float(y[negative].max()) if negative.any() else None,
        distinct=len(np.unique(y)),
    )


def stray_kinds(regime: Regime) -> tuple[str, ...]:
    """The kinds of values of a `Support` that lie outside the regime."""
    if regime.values != "real":
        return (f"not_{regime.values}",)
    return tuple(sign for sign in SIGNS if sign not in regime.signs)


def stray_mask(regime: Regime, y: np.ndarray) -> np.ndarray:
    """True (n,) where a donor value lies outside the regime's support."""
    y = np.asarray(y, dtype=np.float64)
    if regime.values == "binary":
        return (y != 0) & (y != 1)
    if regime.values == "count":
        return (y < 0) | (y != np.floor(y))
    by_sign = {"negative": y < 0, "zero": y == 0, "positive": y > 0}
    return np.logical_or.reduce([np.zeros(len(y), bool), *(by_sign[kind] for kind in stray_kinds(regime))])


def check_regime(regime: Regime, support: Support, stray_tolerance: float = 0.005) -> list[str]:
    """What the evidence says against a declared regime: empty, or one sentence with counts and shares.

    Strays (values outside the regime) up to stray_tolerance of the weight are allowed: training drops them.
    """
    evidence = asdict(support)
    strays = {kind: (evidence[f"rows_{kind}"], evidence[f"share_{kind}"]) for kind in stray_kinds(regime)}
    if sum(share for _, share in strays.values()) <= stray_tolerance:
        return []
    words = {"not_count": "negative or fractional", "not_binary": "neither 0 nor 1"}
    found = ", ".join(
        f"{rows:,} of {support.rows:,} donors ({share:.2%} of the weight) are {words.get(kind, kind)}"
        for kind, (rows, share) in strays.items()
        if rows
    )
    return [f"regime {regime.name!r} does not hold: {found}; the stray tolerance is {stray_tolerance:.2%}"]


def infer_regime(support: Support) -> Regime:
    """The narrowest regime that holds every observed value, for variables declared `auto`.

    No sign that was seen is dropped; zeros among both signs get a model of their own only as a point mass.
    """
    if support.signs in ((), ("zero",)):
        return REGIMES["constant_zero"]
    if support.rows_not_binary == 0 and support.rows_zero:
        return REGIMES["binary"]
    if support.rows_not_count == 0 and support.distinct <= MOST_COUNTS:
        return REGIMES["count"]
    if support.rows_negative and support.rows_positive:
        return REGIMES["three_sign" if support.share_zero >= LEAST_POINT_MASS else "continuous"]
    one_sided = {
        ("positive",): "positive",
        ("negative",): "negative",
        ("zero", "positive"): "zero_inflated",
        ("negative", "zero"): "zero_inflated_negative",
    }
    return REGIMES[one_sided[support.signs]]
