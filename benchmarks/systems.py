"""Systems of calibration targets to measure on: random, or hard and contradictory; in memory or on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array, csr_array

from microplex_spec.calibrate.matrix_file import MatrixWriter, read_matrix

ROWS_AT_A_TIME = 100_000


def random_system(n: int, k: int, density: float, seed: int = 0) -> tuple[csr_array, np.ndarray, np.ndarray]:
    """Feasible: counts and lognormal amounts at random, targets from ratios that scatter by 30 %."""
    g = np.random.default_rng(seed)
    matrix = _random_rows(g, n, k, density)
    weights = g.lognormal(5, 0.7, n)
    return matrix, matrix.T @ (weights * np.exp(g.normal(0, 0.3, n))), weights


def _random_rows(g: np.random.Generator, n: int, k: int, density: float) -> csr_array:
    per_row = int(density * k)
    block = k // per_row
    columns = np.arange(per_row, dtype=np.int32) * block + g.integers(0, block, (n, per_row), dtype=np.int32)
    values = g.lognormal(0, 1, (n, per_row)).astype(np.float32)
    values[:, ::2] = 1
    return csr_array((values.ravel(), columns.ravel(), np.arange(n + 1) * per_row), shape=(n, k))


def write_random_system(folder: Path, n: int, k: int, density: float, seed: int = 0) -> None:
    """`random_system` on disk, a block of rows at a time: the matrix, targets.npy and weights.npy."""
    g = np.random.default_rng(seed)
    weights, targets = g.lognormal(5, 0.7, n), np.zeros(k)
    ratios = np.exp(g.normal(0, 0.3, n))
    with MatrixWriter(folder, k) as writer:
        for rows in _blocks(n):
            block = _random_rows(g, rows.stop - rows.start, k, density)
            targets += block.T @ (weights * ratios)[rows]
            writer.add(block)
    np.save(folder / "targets.npy", targets)
    np.save(folder / "weights.npy", weights)


def _blocks(n: int) -> Iterator[slice]:
    for first in range(0, n, ROWS_AT_A_TIME):
        yield slice(first, min(n, first + ROWS_AT_A_TIME))


def read_random_system(folder: Path, noise: float = 0.0) -> tuple[csr_array, np.ndarray, np.ndarray]:
    """A system from disk, its matrix mapped; noise: relative scatter of the targets; it makes them contradict."""
    targets = np.load(folder / "targets.npy")
    scatter = np.random.default_rng(1).normal(0, noise, targets.size)
    return read_matrix(folder), targets * (1 + scatter), np.load(folder / "weights.npy")


def hard_system(n: int, seed: int = 0) -> tuple[csr_array, np.ndarray, np.ndarray]:
    """Contradictory: people, returns and ten incomes by nation, state, age, band, state x age and state x band.

    Published values scatter by 5 % about one truth, one in fifty by 60 %; two incomes take both signs; cells of five
    records stand beside national totals, dollars beside counts.
    """
    states, ages = 51, 18
    g = np.random.default_rng(seed)
    share = g.pareto(1.2, states) + 0.2
    state, age = g.choice(states, n, p=share / share.sum()), g.integers(0, ages, n)
    weights, base = g.lognormal(6, 0.8, n), g.lognormal(10.5, 1.0, n)
    cuts = np.quantile(base, [0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 0.995])
    band, bands = np.searchsorted(cuts, base), cuts.size + 1
    nation, one = np.zeros(n, dtype=np.int64), np.ones(n)
    tables = [(key, one) for key in (nation, state, age, band, state * ages + age)]
    for i, holders in enumerate([1, 0.75, 0.35, 0.2, 0.15, 0.15, 0.2, 0.2, 0.06, 0.2]):
        amount = np.where(g.random(n) < holders, base * g.lognormal(-0.5, 1.2 if i else 0.1, n), 0.0)
        if i in (4, 5):
            amount = np.where(g.random(n) < (0.3 if i == 4 else 0.6), -0.8 * amount, amount)
        has = (amount != 0).astype(float)
        tables += [(key, values) for key in (nation, state, band) for values in (amount, has)]
        if i in (0, 1, 9):
            tables.append((state * bands + band, amount if i < 9 else has))
    offsets = np.cumsum([0] + [key.max() + 1 for key, _ in tables])
    parts = [(np.flatnonzero(v), key[v != 0] + at, v[v != 0]) for (key, v), at in zip(tables, offsets, strict=False)]
    rows, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    full = coo_array((values.astype(np.float32), (rows, columns)), shape=(n, int(offsets[-1]))).tocsc()
    matrix = full[:, np.flatnonzero(np.diff(full.indptr) >= 5)].tocsr()
    ratios = np.exp(g.normal(0, 0.4, states)[state] + g.normal(0, 0.3, bands)[band] + g.normal(0, 0.2, ages)[age])
    targets = (matrix.T @ (weights * ratios)) * np.exp(g.normal(0, 0.05, matrix.shape[1]))
    wild = g.random(targets.size) < 0.02
    targets[wild] *= np.exp(g.normal(0, 0.6, wild.sum()))
    return matrix, targets, weights
