"""Batch sizes from the memory budget: the largest batch that fits, since each batch has a fixed cost."""

from __future__ import annotations

from collections.abc import Callable

from ..spec.cost import Cost
from ..spec.errors import Problem, SpecError

SMALLEST = 250


def largest_batch(rows: int, cost: Callable[[int], Cost], budget: int, what: str, share: float = 1.0) -> int:
    """The most rows a batch may have so that its predicted peak stays within a share of `budget` bytes.

    Halves from the whole file down; equal halves waste least. SpecError where even the smallest does not fit.
    """
    parts = 1
    while True:
        batch = -(-rows // parts)
        if cost(batch).bytes <= share * budget:
            return batch
        if batch <= SMALLEST:
            need = cost(batch).bytes
            limit = f"the budget is {budget / 1e9:.1f} GB" + (f", {1 - share:.0%} of it kept free" if share < 1 else "")
            raise SpecError(
                Problem(
                    f"{what} needs {need / 1e9:.1f} GB even in batches of {batch:,} households; {limit}",
                    hint="give more with resources.memory_gb=..., or take the engine's variables out",
                )
            )
        parts *= 2
