"""Array functions that move values between rows and the groups they lie within."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

type How = Literal["sum", "any", "all", "count", "max", "min", "mean"]


def locate(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Row number in `keys` of each value of `wanted`; -1 where there is none.

    keys: (g,) unique integers; wanted: (n,) integers. Returns (n,) int64.
    """
    if len(keys) == 0:
        return np.full(len(wanted), -1, dtype=np.int64)
    ascending = len(keys) < 2 or bool(np.all(keys[1:] > keys[:-1]))
    order = None if ascending else np.argsort(keys, kind="stable")
    ordered = keys if order is None else keys[order]
    spot = np.minimum(np.searchsorted(ordered, wanted), len(keys) - 1)
    found = ordered[spot] == wanted
    rows = spot if order is None else order[spot]
    return np.where(found, rows, -1).astype(np.int64, copy=False)


def aggregate(values: np.ndarray, groups: np.ndarray, size: int, how: How) -> np.ndarray:
    """One value per group out of the values of its rows; sums run in row order, so they are reproducible.

    values: (n,) numbers or booleans; groups: (n,) row number of each row's group; size: number of groups.
    Returns (size,): bool for any and all, int64 for count (rows that are true), float64 otherwise. A group
    without rows has sum 0, count 0, any False, all True, and NaN as max, min and mean; a NaN among the values
    makes the sum, max, min and mean of its group NaN. Raises ValueError for text, and for any, all and count
    of values that are not boolean.
    """
    if how not in _AGGREGATES:
        raise ValueError(f"unknown aggregate {how!r}: use one of {', '.join(_AGGREGATES)}")
    if how in ("any", "all", "count") and values.dtype != bool:
        raise ValueError(f"{how} needs boolean values, got {values.dtype}")
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{how} needs numbers or booleans, got {values.dtype}")
    return _AGGREGATES[how](values, groups, size)


def _sum(values: np.ndarray, groups: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(groups, weights=values, minlength=size).astype(np.float64, copy=False)


def _count(values: np.ndarray, groups: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(groups[values], minlength=size)


def _any(values: np.ndarray, groups: np.ndarray, size: int) -> np.ndarray:
    found = np.zeros(size, dtype=bool)
    found[groups[values]] = True
    return found


def _all(values: np.ndarray, groups: np.ndarray, size: int) -> np.ndarray:
    return ~_any(~values, groups, size)


def _mean(values: np.ndarray, groups: np.ndarray, size: int) -> np.ndarray:
    rows = np.bincount(groups, minlength=size)
    return np.divide(_sum(values, groups, size), rows, out=np.full(size, np.nan), where=rows > 0)


def _max(values: np.ndarray, groups: np.ndarray, size: int) -> np.ndarray:
    return _extreme(np.maximum, -np.inf, values, groups, size)


def _min(values: np.ndarray, groups: np.ndarray, size: int) -> np.ndarray:
    return _extreme(np.minimum, np.inf, values, groups, size)


def _extreme(pick: np.ufunc, start: float, values: np.ndarray, groups: np.ndarray, size: int) -> np.ndarray:
    out = np.full(size, start)
    with np.errstate(invalid="ignore"):
        pick.at(out, groups, values.astype(np.float64, copy=False))
    out[np.bincount(groups, minlength=size) == 0] = np.nan
    return out


_AGGREGATES: dict[str, Callable[[np.ndarray, np.ndarray, int], np.ndarray]] = {
    "sum": _sum,
    "any": _any,
    "all": _all,
    "count": _count,
    "max": _max,
    "min": _min,
    "mean": _mean,
}
