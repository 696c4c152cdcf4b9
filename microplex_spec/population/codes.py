"""Codes (text) as numbers, for what computes with numbers alone, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np


def known_codes(*columns: np.ndarray) -> list[str]:
    """The codes that any of the columns (n,) holds, in their order; what is no text is missing."""
    return sorted({code for column in columns for code in column.tolist() if isinstance(code, str)})


def code_numbers(column: np.ndarray, known: Iterable[str]) -> np.ndarray:
    """Each code's place (n,) among the known ones, float64; NaN where it is missing or not among them."""
    places = {code: float(place) for place, code in enumerate(known)}
    return np.array([places.get(code, np.nan) for code in column.tolist()], dtype=np.float64)


def codes_of(numbers: np.ndarray, known: Sequence[str]) -> np.ndarray:
    """The codes (n,) at these places, as text."""
    return np.array(known, dtype=object)[numbers.astype(np.int64)]


def code_shares(numbers: np.ndarray, weights: np.ndarray, known: Sequence[str]) -> np.ndarray:
    """Weighted share (k,) of each known code among those at these places; missing ones are left out."""
    held = ~np.isnan(numbers)
    total = np.bincount(numbers[held].astype(np.int64), weights[held], minlength=len(known))
    return total / (total.sum() or 1.0)
