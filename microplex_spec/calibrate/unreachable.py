"""Fit targets that no weights within the bounds can meet: found before a solve, where each would only bend others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .target_matrix import NONE, error_units, fit_values, reachable

if TYPE_CHECKING:
    from scipy.sparse import csr_array

UNREACHABLE = "unreachable"
SLACK = 3.0
"""Factor around a power of a thousand within which a figure looks to be in another unit."""
_UNITS = (
    (1e-3, "in thousands"),
    (1e-6, "in millions"),
    (1e3, "a thousand times too large, or the records to be in thousands"),
    (1e6, "a million times too large, or the records to be in millions"),
)


def refuse_unreachable(
    matrix: csr_array, ledger: pd.DataFrame, initial: np.ndarray, bounds: tuple[float, float]
) -> pd.DataFrame:
    """The ledger with status and reason of fit targets that ratios within `bounds` cannot meet, each taken by itself.

    ledger: settled, with `stretch`, the value over the initial estimate. A target counts as met within its tolerance.
    One that can be met, but looks to be in another unit, is fitted, and its reason says so.
    """
    ledger = ledger.copy()
    fitted, ratio = (ledger["status"] == "fitted").to_numpy(), (ledger["denominator"] != NONE).to_numpy()
    if not bounds[0] < bounds[1]:
        return ledger
    least, most = reachable(matrix, ledger, initial, bounds)
    allowed = ledger["tolerance"].to_numpy(dtype=np.float64) * error_units(matrix, ledger, initial)
    wanted = fit_values(ledger)
    beyond = fitted & ((wanted + allowed < least) | (wanted - allowed > most))
    # Where ratios of weights may be zero, a linearised mean comes to zero by leaving its records out altogether.
    one_sided = fitted & ratio & ((least >= 0) | (most <= 0)) & ((least != 0) | (most != 0))
    low, high = least.copy(), most.copy()
    for at, numerator, denominator in _own_columns(matrix, ledger, np.flatnonzero(ratio & (beyond | one_sided))):
        low[at], high[at] = ratio_range(numerator, denominator, initial, bounds)
        value = ledger["value"].iloc[at]
        slack = ledger["tolerance"].iloc[at] * ledger["scale"].iloc[at]
        beyond[at] = not low[at] - slack <= value <= high[at] + slack
    for row in np.flatnonzero(fitted & ~beyond):
        if suspicion := unit_suspicion(float(ledger["stretch"].iloc[row])):
            _mark(ledger, row, "fitted", f"fitted as it is, but {suspicion}")
    for row in np.flatnonzero(beyond):
        stretch = float(ledger["stretch"].iloc[row])
        reason = f"out of reach: ratios of {bounds[0]:g} to {bounds[1]:g} give {low[row]:.4g} to {high[row]:.4g}"
        _mark(ledger, row, UNREACHABLE, reason + _stretched(stretch))
    return ledger


def ratio_range(
    numerator: np.ndarray, denominator: np.ndarray, weights: np.ndarray, bounds: tuple[float, float]
) -> tuple[float, float]:
    """Lowest and highest ratio of two weighted sums that ratios of weights within the bounds give.

    numerator, denominator: (n,), the first zero where the second is, the second at least 0 and somewhere above. At the
    extremes records beyond a cut in their own ratios weigh most and the others least (linear-fractional programming
    over a box, Charnes and Cooper 1962), so every cut is tried.
    """
    held = (denominator > 0) & (weights > 0)
    top, bottom = (weights * numerator)[held], (weights * denominator)[held]
    order = np.argsort(top / bottom, kind="stable")
    lower, upper = bounds
    if not np.isfinite(upper):
        return float((top / bottom)[order[0]]), float((top / bottom)[order[-1]])
    below = [np.concatenate([[0.0], np.cumsum(part[order])]) for part in (top, bottom)]

    def cuts(under: float, over: float) -> np.ndarray:
        sums = [under * part + over * (part[-1] - part) for part in below]
        return sums[0][sums[1] > 0] / sums[1][sums[1] > 0]

    return float(cuts(upper, lower).min()), float(cuts(lower, upper).max())


def unit_suspicion(stretch: float) -> str:
    """What a value of `stretch` times its estimate looks to be in, or "": published units go by the thousand."""
    for factor, unit in _UNITS:
        if factor / SLACK <= stretch <= factor * SLACK:
            return f"the value looks to be {unit}"
    return ""


def _stretched(stretch: float) -> str:
    """The stretch that the value asks for, and the unit that this suggests."""
    if not np.isfinite(stretch):
        return ""
    if stretch == 0:
        return "; the value is zero, and the initial estimate is not"
    suspicion = unit_suspicion(stretch)
    return f"; the value is {stretch:.4g} times the initial estimate" + (f": {suspicion}" if suspicion else "")


def _own_columns(
    matrix: csr_array, ledger: pd.DataFrame, rows: np.ndarray
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """(row, numerator (n,), denominator (n,)) of some means and shares."""
    if not rows.size:
        return
    names = ["numerator", "denominator"]
    columns = ledger[names].to_numpy(dtype=np.int64)[rows]
    own = matrix[:, columns.ravel()].tocsc()
    for at, row in enumerate(rows):
        pair = own[:, [2 * at, 2 * at + 1]].toarray().astype(np.float64)
        yield int(row), pair[:, 0], pair[:, 1]


def _mark(ledger: pd.DataFrame, row: int | np.integer, status: str, reason: str) -> None:
    ledger.loc[ledger.index[int(row)], "status"] = status
    ledger.loc[ledger.index[int(row)], "reason"] = reason
