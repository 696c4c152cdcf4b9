"""Compiled scans of blocks of inner products for PRDC: neighbour radii, and who lies within whose ball.

A block comes out of a matrix product and errs by rounding; a pair for which that could change an answer is decided by
its squared distance summed over the differences. So answers depend neither on blocks nor on the precision of products.
"""

from __future__ import annotations

import numba as nb
import numpy as np

STRETCH = 64
"""Columns that are passed over together where none of them matters."""
FLOOR = 2.0**-110
"""What products too small for single precision may lack, rows being scaled to at most 1."""


@nb.njit(nogil=True, cache=True)
def squared_distance(x, y):
    """Sum of squared differences of two rows (p,): the same for (x, y) and (y, x), and zero for equal rows."""
    total = 0.0
    for c in range(x.size):
        difference = x[c] - y[c]
        total += difference * difference
    return total


@nb.njit(nogil=True, cache=True)
def _keep_smallest(kept, value):
    """Put value into kept (k,), the smallest so far in rising order, where it is smaller than the last."""
    at = kept.size - 1
    while at > 0 and kept[at - 1] > value:
        kept[at] = kept[at - 1]
        at -= 1
    kept[at] = value


@nb.njit(nogil=True, cache=True)
def _any_below(products, offsets, limit, start, stop):
    """Whether offsets - 2 products is below limit anywhere in a stretch: without branches, many columns at once."""
    found = 0
    for j in range(start, stop):
        found += offsets[j] - 2.0 * products[j] < limit
    return found > 0


@nb.njit(nogil=True, cache=True)
def neighbour_radii(products, first, rows, norms, k, slack, radii):
    """Fill radii[first:first + b] with the squared distance of each row to its k-th nearest other row.

    products: (b, n) inner products of rows first to first + b with all rows (n, p) float64, none of whose values is
    beyond 1. norms: (n,) squared.
    slack: what rounding may change in a squared distance, as a share of the sum of the two norms.
    """
    n = rows.shape[0]
    kept = np.empty(k)
    highest, lowest = (1.0 + slack) * norms + FLOOR, (1.0 - slack) * norms - FLOOR
    for b in range(products.shape[0]):
        i, row = first + b, products[b]
        kept[:] = np.inf
        for start in range(0, n, STRETCH):
            stop = min(start + STRETCH, n)
            if _any_below(row, highest, kept[k - 1] - highest[i], start, stop):
                for j in range(start, stop):
                    at_most = highest[i] + highest[j] - 2.0 * row[j]
                    if at_most < kept[k - 1] and j != i:
                        _keep_smallest(kept, at_most)
        # No farther than this is the k-th neighbour: all that may be as near are measured.
        limit = np.nextafter(kept[k - 1], np.inf)
        kept[:] = np.inf
        for start in range(0, n, STRETCH):
            stop = min(start + STRETCH, n)
            if _any_below(row, lowest, limit - lowest[i], start, stop):
                for j in range(start, stop):
                    if lowest[i] + lowest[j] - 2.0 * row[j] < limit and j != i:
                        exact = squared_distance(rows[i], rows[j])
                        if exact < kept[k - 1]:
                            _keep_smallest(kept, exact)
        radii[i] = kept[k - 1]


@nb.njit(nogil=True, cache=True)
def count_within(
    products, first, real, real_norms, real_radii, fake, fake_norms, fake_radii, slack, precise, recalled, covered
):
    """For real rows first to first + b against all synthetic rows: who lies strictly within whose ball.

    products: (b, m) inner products. Norms and radii are squared. slack: as in `neighbour_radii`. Sets precise[j] where
    synthetic row j lies within one of these real balls, recalled[i] where real row i lies within a synthetic ball,
    covered[i] where its own ball holds a synthetic row. Returns the number of pairs of the first kind.
    """
    m, pairs = fake.shape[0], 0
    lowest = (1.0 - slack) * fake_norms - FLOOR
    reach = lowest - fake_radii
    for b in range(products.shape[0]):
        i, row = first + b, products[b]
        radius, near = real_radii[i], (1.0 - slack) * real_norms[i] - FLOOR
        for start in range(0, m, STRETCH):
            stop = min(start + STRETCH, m)
            if not (_any_below(row, lowest, radius - near, start, stop) or _any_below(row, reach, -near, start, stop)):
                continue
            for j in range(start, stop):
                distance = near + lowest[j] - 2.0 * row[j]
                if distance >= radius and distance >= fake_radii[j]:
                    continue
                doubt = 2.0 * (slack * (real_norms[i] + fake_norms[j]) + 2.0 * FLOOR)
                distance += 0.5 * doubt
                if abs(distance - radius) <= doubt or abs(distance - fake_radii[j]) <= doubt:
                    distance = squared_distance(real[i], fake[j])
                if distance < radius:
                    pairs += 1
                    precise[j] = True
                    covered[i] = True
                if distance < fake_radii[j]:
                    recalled[i] = True
    return pairs
