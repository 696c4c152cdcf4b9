"""Batch sizes from the memory budget: the largest batch that fits, since each batch has a fixed cost."""

from __future__ import annotations

from collections.abc import Callable

from ..spec.cost import Cost
from ..spec.errors import Problem, SpecError

SMALLEST = 250


def largest_batch(
    rows: int, cost: Callable[[int], Cost], budget: int, what: str, share: float = 1.0, at_once: int = 1
) -> int:
    """The most rows a batch may have so that its predicted peak stays within a share of `budget` bytes.

    Halves from the whole file down; equal halves waste least. at_once: parts that should run side by side, and do
    if they can be cut small enough to share the memory. SpecError where even the smallest does not fit.
    """
    parts = at_once
    while True:
        batch = -(-rows // parts)
        if at_once * cost(batch).bytes <= share * budget:
            return batch
        if batch <= SMALLEST and at_once > 1:
            return largest_batch(rows, cost, budget, what, share)
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
