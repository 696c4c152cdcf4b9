"""Uniform random numbers by record: a counter generator keyed by (seed, stream, record id).

A number depends only on its key, so chunk sizes, executors and the order of rows cannot change a draw.
"""

from __future__ import annotations

import hashlib

import numpy as np

_MASK = 0xFFFFFFFFFFFFFFFF


def stream_key(seed: int, stream: str) -> int:
    """A 64-bit key for one purpose, e.g. ("7", "dividends/leaf"); stable across processes and versions."""
    digest = hashlib.blake2b(f"{int(seed)}\x1f{stream}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def uniforms(seed: int, stream: str, ids: np.ndarray) -> np.ndarray:
    """Uniforms in [0, 1), one per record id, independent across streams (Steele, Lea and Flood 2014, splitmix64).

    ids: (n,) non-negative integers. Returns (n,) float64.
    """
    z = np.asarray(ids).astype(np.uint64)
    z = z * np.uint64(0x9E3779B97F4A7C15) + np.uint64(stream_key(seed, stream) & _MASK)
    # Two finalisers: ids are small consecutive integers, and one alone leaves streams visibly related.
    for _ in range(2):
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = (z ^ (z >> np.uint64(31))) + np.uint64(0x9E3779B97F4A7C15)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53
