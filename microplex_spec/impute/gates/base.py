"""What every gate does."""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np

from ...spec.cost import ImputeShape, Work


class Gate(Protocol):
    """A binary classifier of rows X float32 (n, p), NaN where missing, each row predicted by itself."""

    def fit(self, X: np.ndarray, event: np.ndarray, w: np.ndarray, seed: int) -> Self:
        """Learn from event (n,) bool, both outcomes present, under design weights w (n,) positive."""
        ...

    def probability(self, X: np.ndarray) -> np.ndarray:
        """P(event | row), (n,) float64; the same bytes whatever other rows are asked about beside it."""
        ...

    @staticmethod
    def work(shape: ImputeShape) -> Work:
        """How much one gate on all of the shape's donors does, asked once per recipient."""
        ...
