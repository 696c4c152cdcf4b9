"""Precision, recall, density and coverage of synthetic rows, without ever holding a matrix of all distances."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..spec.errors import Problem, SpecError
from ..streams import uniforms
from .inputs import table_pair

BLOCK_BYTES = 32 << 20
"""Inner products that all threads together hold at a time."""


def prdc(
    real: Any,
    synthetic: Any,
    k: int = 5,
    cap: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> dict[str, float]:
    """How faithful (precision, density) and how diverse (recall, coverage) synthetic rows are (Naeem et al. 2020).

    A row's ball reaches, without its rim, to its k-th nearest other row of its own sample. precision: share of
    synthetic rows within a real ball; recall: of real rows within a synthetic ball (both after Kynkaanniemi et al.
    2019); density: real balls that a synthetic row lies in, on average, over k; coverage: share of real balls that
    hold a synthetic row.

    real: (n, p), synthetic: (m, p), finite, on comparable scales (see `scaling`). cap: rows of each sample that are
    looked at, chosen by `seed`; None takes all. threads: default, all cores; threads and block_bytes change no bit of
    the result. Rows at equal distances are told to be so exactly: a ball of radius zero holds nothing.
    Raises SpecError for values that are not finite, fewer than k + 1 rows, and columns that differ.
    """
    if k < 1 or (cap is not None and cap <= k):
        bound = "at least 1" if k < 1 else f"less than the cap of {cap:,} rows"
        raise SpecError(Problem(f"k = {k} neighbours, which must be {bound}"))
    pair = table_pair(real, synthetic, rows=k + 1)
    rows = [_capped(table, cap, seed, side) for table, side in zip(pair, ("real", "synthetic"), strict=True)]
    # A power of two leaves every comparison as it is, and products within single precision.
    power = -int(np.frexp(max(np.abs(table).max() for table in rows))[1])
    first, second = (_Sample.of(np.ldexp(table, power)) for table in rows)
    blocks = _Blocks(threads or os.process_cpu_count() or 1, block_bytes)
    first_radii, second_radii = (_radii(sample, k, blocks) for sample in (first, second))
    return _scores(first, first_radii, second, second_radii, k, blocks)


@dataclass(frozen=True)
class _Sample:
    """Rows (n, p) float64 within -1..1, the same in the precision of the products, their squared norms (n,)."""

    rows: np.ndarray
    rounded: np.ndarray
    norms: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray) -> _Sample:
        return cls(rows, rows.astype(np.float32), np.einsum("ij,ij->i", rows, rows))


def _slack(columns: int) -> float:
    """What rounding may change in a squared distance out of inner products, as a share of the sum of both norms."""
    return (columns + 8) * float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class _Blocks:
    """Blocks of rows, one a thread at a time, so that the products of all threads stay within `bytes`."""

    threads: int
    bytes: int

    def products(self, rows: _Sample, columns: _Sample, scan: Callable[[np.ndarray, int], int]) -> Iterator[int]:
        """scan(block of inner products (b, m), its first row) for every block of rows against all columns."""
        from threadpoolctl import threadpool_limits

        n, m = len(rows.rows), len(columns.rows)
        size = min(n, max(1, self.bytes // (4 * m * self.threads)))

        def one(first: int) -> int:
            return scan(rows.rounded[first : first + size] @ columns.rounded.T, first)

        # Rows are shared out among threads here; a matrix product of its own many threads would only wait for them.
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(self.threads) as pool:
            yield from pool.map(one, range(0, n, size))


def _radii(sample: _Sample, k: int, blocks: _Blocks) -> np.ndarray:
    """Squared distance of each row to its k-th nearest other row, (n,)."""
    from ._prdc_kernel import neighbour_radii

    radii = np.empty(len(sample.rows))
    slack = _slack(sample.rows.shape[1])

    def scan(products: np.ndarray, first: int) -> int:
        neighbour_radii(products, first, sample.rows, sample.norms, k, slack, radii)
        return 0

    for _ in blocks.products(sample, sample, scan):
        pass
    return radii


def _scores(
    real: _Sample, real_radii: np.ndarray, fake: _Sample, fake_radii: np.ndarray, k: int, blocks: _Blocks
) -> dict[str, float]:
    from ._prdc_kernel import count_within

    n, m = len(real.rows), len(fake.rows)
    precise, recalled, covered = np.zeros(m, bool), np.zeros(n, bool), np.zeros(n, bool)
    slack = _slack(real.rows.shape[1])

    def scan(products: np.ndarray, first: int) -> int:
        # Threads may set the same flag at once: they only ever set, so the order does not matter.
        return count_within(
            *(products, first, real.rows, real.norms, real_radii, fake.rows, fake.norms, fake_radii, slack),
            *(precise, recalled, covered),
        )

    pairs = sum(blocks.products(real, fake, scan))
    return {
        "precision": float(precise.mean()),
        "recall": float(recalled.mean()),
        "density": pairs / (k * m),
        "coverage": float(covered.mean()),
    }


def _capped(rows: np.ndarray, cap: int | None, seed: int, side: str) -> np.ndarray:
    """At most `cap` rows in their order, each as likely as any other."""
    if cap is None or len(rows) <= cap:
        return rows
    drawn = uniforms(seed, f"prdc/{side}", np.arange(len(rows)))
    return rows[np.sort(np.argpartition(drawn, cap)[:cap])]
