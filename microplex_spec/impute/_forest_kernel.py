"""Compiled kernels over node tables: sort donors into leaves, walk trees, draw a donor from a leaf.

Each row is computed by itself, so the number of threads cannot change a result.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

# One node in 24 bytes: a step of a walk touches one cache line. left and right are positions in the joined
# table of all trees; feature is -1 at a leaf, which leads to itself.
NODE = np.dtype(
    [
        ("threshold", np.float64),
        ("left", np.int32),
        ("right", np.int32),
        ("feature", np.int32),
        ("missing_left", np.int32),
    ]
)
_FULL = 2.0**32
_ABREAST = 64
_BATCH = 4096


@nb.njit(nogil=True, cache=True)
def fill_leaves(leaf, weight, n_nodes, donor, share):
    """Sort the donors of one tree by leaf (counting sort) and accumulate their weights within each leaf.

    leaf: (n,) node of each donor; weight: (n,) positive. Fills donor (n,) int32 and share (n,) uint32, the
    cumulative share of the leaf's weight in units of 2^-32. Returns each node's first position (n_nodes,).
    """
    n = leaf.size
    start = np.zeros(n_nodes + 1, np.int64)
    total = np.zeros(n_nodes)
    for i in range(n):
        start[leaf[i] + 1] += 1
        total[leaf[i]] += weight[i]
    for k in range(n_nodes):
        start[k + 1] += start[k]
    position = start[:-1].copy()
    running = np.zeros(n_nodes)
    for i in range(n):
        k = leaf[i]
        running[k] += weight[i]
        donor[position[k]] = i
        share[position[k]] = np.uint32(min(running[k] / total[k] * _FULL, _FULL - 1.0))
        position[k] += 1
    return start[:-1]


@nb.njit(nogil=True, cache=True)
def leaf_of(row, root, nodes):
    """The leaf where row (p,) float32 ends in the tree at root, routed as scikit-learn's `apply` does."""
    k = root
    while nodes[k].feature >= 0:
        value = row[nodes[k].feature]
        goes_left = nodes[k].missing_left != 0 if np.isnan(value) else value <= nodes[k].threshold
        k = nodes[k].left if goes_left else nodes[k].right
    return k


@nb.njit(parallel=True, nogil=True, cache=True)
def draw_donors(X, u, roots, nodes, start, donor, share):
    """One donor position per row of X (n, p): a tree at random, then a donor of its leaf by weight.

    u: (n,) uniforms; the whole part of u * trees picks the tree, the fraction the donor. start: (nodes + 1,). Rows are
    taken tree by tree, whose nodes and leaves stay in the cache, and a few abreast, so that waiting overlaps.
    """
    n, p = X.shape
    trees = roots.size
    drawn = np.empty(n, np.int32)
    order = _by_tree(u, trees)
    for batch in nb.prange((n + _BATCH - 1) // _BATCH):  # type: ignore[attr-defined]
        rows = order[batch * _BATCH : (batch + 1) * _BATCH]
        held = np.empty((_ABREAST, p), X.dtype)
        at = np.empty(_ABREAST, np.int64)
        for first in range(0, rows.size, _ABREAST):
            some = rows[first : first + _ABREAST]
            for i in range(some.size):
                at[i] = roots[min(np.int64(u[some[i]] * trees), trees - 1)]
                for j in range(p):
                    held[i, j] = X[some[i], j]
            _walk_abreast(held, at, some.size, nodes)
            for i in range(some.size):
                scaled = u[some[i]] * trees
                tree = min(np.int64(scaled), trees - 1)
                target = np.uint32(min((scaled - tree) * _FULL, _FULL - 1.0))
                low, high = start[at[i]], start[at[i] + 1] - 1
                while low < high:
                    middle = (low + high) >> 1
                    if share[middle] > target:
                        high = middle
                    else:
                        low = middle + 1
                at[i] = low
            for i in range(some.size):
                drawn[some[i]] = donor[at[i]]
    return drawn


@nb.njit(nogil=True, cache=True)
def _walk_abreast(held, at, rows, nodes):
    """Lead the first rows of held (m, p) from their nodes `at` (m,) to their leaves, as `leaf_of` does each."""
    moved = True
    while moved:
        moved = False
        for i in range(rows):
            node = nodes[at[i]]
            value = held[i, max(node.feature, 0)]
            goes_left = (value <= node.threshold) | ((value != value) & (node.missing_left != 0))
            # A leaf leads to itself.
            to = np.int64(node.left if goes_left else node.right)
            moved |= to != at[i]
            at[i] = to


@nb.njit(nogil=True, cache=True)
def _by_tree(u, trees):
    """Positions (n,) of the uniforms u (n,) in the order of the trees that they pick (counting sort)."""
    position = np.zeros(trees + 1, np.int64)
    for value in u:
        position[min(np.int64(value * trees), trees - 1) + 1] += 1
    position = np.cumsum(position)
    order = np.empty(u.size, np.int32)
    for i in range(u.size):
        tree = min(np.int64(u[i] * trees), trees - 1)
        order[position[tree]] = i
        position[tree] += 1
    return order


@nb.njit(parallel=True, nogil=True, cache=True)
def boosted_probability(X, base, roots, depths, nodes, values):
    """Logistic of base plus the values of the leaves reached in all trees, for each row of X (n, p): (n,).

    Leaves lead to themselves, so that a tree is walked `depths` steps (trees,) by a block of rows abreast:
    without branches that depend on the data the steps of different rows overlap. values: (nodes,).
    """
    n = X.shape[0]
    probability = np.empty(n)
    for block in nb.prange((n + _ABREAST - 1) // _ABREAST):  # type: ignore[attr-defined]
        first = np.uint64(block * _ABREAST)
        rows = min(np.uint64(_ABREAST), np.uint64(n) - first)
        at = np.empty(_ABREAST, np.uint32)
        score = np.full(_ABREAST, base)
        for tree in range(roots.size):
            at[:] = roots[tree]
            for _ in range(depths[tree]):
                for j in range(rows):
                    node = nodes[at[j]]
                    value = X[first + np.uint64(j), np.uint32(node.feature)]
                    goes_left = (value <= node.threshold) | ((value != value) & (node.missing_left != 0))
                    at[j] = node.left if goes_left else node.right
            for j in range(rows):
                score[j] += values[at[j]]
        for j in range(rows):
            probability[first + np.uint64(j)] = 1.0 / (1.0 + math.exp(-score[j]))
    return probability
