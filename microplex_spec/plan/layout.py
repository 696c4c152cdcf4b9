"""Layered drawing of a graph: rows by longest path, order by barycentres, places by least squares.

After Sugiyama, Tagawa & Toda (1981); places in a row are the isotonic regression on where neighbours stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

Point = tuple[float, float]
SWEEPS = 24
PASSES = 120
# Long edges count more than short ones when places are sought, so that they run straight.
STRAIGHT = 8.0


@dataclass(frozen=True)
class Layout:
    """Left upper corners of the boxes, the points that each edge runs through, and the size of the whole."""

    corners: list[Point]
    routes: dict[tuple[int, int], list[Point]]
    width: float
    height: float


def place(
    sizes: Sequence[Point], edges: Sequence[tuple[int, int]], gap: float = 26, between: float = 54, lane: float = 12
) -> Layout:
    """Lay out boxes of (width, height) so that every edge runs downward. An edge goes from a lower index to a higher.

    gap: between boxes of a row. between: between rows. lane: the width that an edge gets as it passes a row.
    """
    rank = _ranks(len(sizes), edges)
    widths, heights = [size[0] for size in sizes], [size[1] for size in sizes]
    links, chains = [], {}
    for start, end in edges:
        chain = [start]
        for passed in range(rank[start] + 1, rank[end]):
            chain.append(len(rank))
            rank.append(passed)
            widths.append(lane)
        chain.append(end)
        chains[start, end] = chain
        links += list(pairwise(chain))
    above: list[list[int]] = [[] for _ in rank]
    below: list[list[int]] = [[] for _ in rank]
    for upper, lower in links:
        below[upper].append(lower)
        above[lower].append(upper)
    rows = _ordered(rank, above, below)
    x = _across(rows, widths, above, below, len(sizes), gap)
    tallest = [max((heights[i] for i in row if i < len(sizes)), default=0.0) for row in rows]
    tops = [sum(tallest[:row]) + row * between for row in range(len(rows))]
    left = min(x[i] - widths[i] / 2 for i in range(len(rank)))
    x = [at - left for at in x]
    corners = [(x[i] - widths[i] / 2, tops[rank[i]]) for i in range(len(sizes))]
    routes = {
        (start, end): [
            (x[start], tops[rank[start]] + heights[start]),
            (x[start], tops[rank[start]] + tallest[rank[start]]),
            *((x[i], y) for i in chain[1:-1] for y in (tops[rank[i]], tops[rank[i]] + tallest[rank[i]])),
            (x[end], tops[rank[end]]),
        ]
        for (start, end), chain in chains.items()
    }
    width = max(x[i] + widths[i] / 2 for i in range(len(rank)))
    return Layout(corners, routes, width, tops[-1] + tallest[-1])


def _ranks(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The row of each box: the longest path to it; boxes that little leads to stand near what they lead to."""
    rank = [0] * count
    for start, end in sorted(edges, key=lambda edge: edge[1]):
        rank[end] = max(rank[end], rank[start] + 1)
    for box in reversed(range(count)):
        uses = [rank[end] for start, end in edges if start == box]
        if uses and len(uses) >= sum(end == box for _, end in edges):
            rank[box] = min(uses) - 1
    return rank


def _ordered(rank: list[int], above: list[list[int]], below: list[list[int]]) -> list[list[int]]:
    """Rows in the order with the fewest crossings that sweeps down and up come upon."""
    rows: list[list[int]] = [[] for _ in range(max(rank) + 1)]
    for box, level in enumerate(rank):
        rows[level].append(box)
    best, fewest = [list(row) for row in rows], _crossings(rows, below)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        near = above if down else below
        for row in rows if down else rows[::-1]:
            at = {box: i / len(other) for other in rows for i, box in enumerate(other)}
            row.sort(key=lambda box: sum(at[n] for n in near[box]) / len(near[box]) if near[box] else at[box])
        count = _crossings(rows, below)
        if count < fewest:
            best, fewest = [list(row) for row in rows], count
    return best


def _crossings(rows: list[list[int]], below: list[list[int]]) -> int:
    at = {box: i for row in rows for i, box in enumerate(row)}
    total = 0
    for row in rows:
        ends = [at[end] for box in row for end in sorted(below[box], key=at.__getitem__)]
        total += sum(first > second for i, first in enumerate(ends) for second in ends[i + 1 :])
    return total


def _across(
    rows: list[list[int]], widths: list[float], above: list[list[int]], below: list[list[int]], boxes: int, gap: float
) -> list[float]:
    """The middle of each box, as near to its neighbours as the order and the gaps of its row allow."""
    x = [0.0] * len(widths)
    offsets = []
    for row in rows:
        steps = ((widths[left] + widths[right]) / 2 + gap for left, right in pairwise(row))
        offsets.append(list(accumulate(steps, initial=0.0)))
        for box, at in zip(row, offsets[-1], strict=True):
            x[box] = at - offsets[-1][-1] / 2

    def wanted(box: int) -> float:
        near = [(STRAIGHT if min(box, other) >= boxes else 1.0, x[other]) for other in above[box] + below[box]]
        return sum(weight * at for weight, at in near) / sum(weight for weight, _ in near) if near else x[box]

    order = list(zip(rows, offsets, strict=True))
    for sweep in range(PASSES):
        for row, offset in order if sweep % 2 == 0 else order[::-1]:
            level = _rising([wanted(box) - at for box, at in zip(row, offset, strict=True)])
            for box, low, at in zip(row, level, offset, strict=True):
                x[box] = low + at
    return x


def _rising(values: list[float]) -> list[float]:
    """The nearest sequence, in squares, that never falls (pool adjacent violators)."""
    pools: list[tuple[float, int]] = []
    for value in values:
        mean, count = value, 1
        while pools and pools[-1][0] > mean:
            before, size = pools.pop()
            mean, count = (before * size + mean * count) / (size + count), size + count
        pools.append((mean, count))
    return [mean for mean, count in pools for _ in range(count)]
