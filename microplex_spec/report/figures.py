"""The figures of the page, each a function from records to one inline SVG."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from markupsafe import Markup

from . import svg
from .data import Benchmark, Histogram, Imputed, Target
from .formats import percent, signed_percent, tick

RATIOS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
ERRORS = (0.0001, 0.001, 0.01, 0.1, 1.0)


def ratio_scatter(targets: Sequence[Target], when: str, shown: bool) -> Markup:
    """Estimate over published figure against the size of the published figure, both on log axes.

    when: "initial" or "final". shown: whether dots are elements of their own, tied to the rows of the table by
    `data-i`, the position in `targets`; else one path a role, a quarter of the size.
    """
    width, height, left, right, top, bottom = 560, 330, 46, 12, 14, 42
    points = [(i, target) for i, target in enumerate(targets) if _comparable(target, when)]
    sizes = [abs(target.value) for _, target in points] or [1.0, 10.0]
    low, high = 10.0 ** math.floor(math.log10(min(sizes))), 10.0 ** math.ceil(math.log10(max(sizes) * 1.001))
    x = svg.logarithmic(low, high, left + 8, width - right - 8)
    y = svg.logarithmic(RATIOS[0], RATIOS[-1], height - bottom, top)
    parts = [svg.rect(left, y(1.1), width - left - right, y(0.9) - y(1.1), "band")]
    for ratio in RATIOS:
        parts.append(svg.line(left, y(ratio), width - right, y(ratio), "one" if ratio == 1 else "grid"))
        parts.append(svg.text(left - 7, y(ratio) + 4, f"{ratio:g}", "end"))
    for size in svg.decades(low, high, 7):
        parts.append(svg.text(x(size), height - bottom + 17, tick(size), "middle"))
    parts.append(
        svg.text((left + width - right) / 2, height - 6, "Published figure (dollars or counts)", "middle", "axis")
    )
    for role in ("monitor", "fit", "holdout"):
        # Worst last, so that no dot near the line hides it.
        places = [
            (i, x(abs(target.value)), y(max(getattr(target, when) / target.value, 0.0)))
            for i, target in reversed(points)
            if target.role == role
        ]
        if places and shown:
            circles = (svg.tag("circle", cx=cx, cy=cy, r=2.6, data_i=i) for i, cx, cy in places)
            parts.append(svg.tag("g", *circles, class_=f"point {role}"))
        elif places:
            parts.append(svg.dots([(cx, cy) for _, cx, cy in places], role))
    word = "Before" if when == "initial" else "After"
    return svg.figure(
        width,
        height,
        f"{word} calibration: estimate as a multiple of the published figure",
        f"{len(points)} targets by size of the published figure; the band marks 10 percent either side of it.",
        *parts,
    )


def error_curves(targets: Sequence[Target]) -> Markup:
    """Share of targets within a given error of the published figure, per role, before and after."""
    width, height, left, right, top, bottom = 560, 300, 46, 12, 14, 42
    x = svg.logarithmic(ERRORS[0], ERRORS[-1], left, width - right)
    y = svg.linear(0, 1, height - bottom, top)
    parts = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(svg.line(left, y(share), width - right, y(share), "grid"))
        parts.append(svg.text(left - 7, y(share) + 4, percent(share, 0), "end"))
    for error in ERRORS:
        anchor = "end" if error == ERRORS[-1] else "middle"
        parts.append(svg.text(x(error), height - bottom + 17, f"{100 * error:g} %", anchor))
    parts.append(svg.line(x(0.1), top, x(0.1), height - bottom, "one"))
    axis = "Within this error of the published figure"
    parts.append(svg.text((left + width - right) / 2, height - 6, axis, "middle", "axis"))
    told = []
    grid = [10 ** (-4 + 4 * k / 160) for k in range(161)]
    for role in ("monitor", "fit", "holdout"):
        for when in ("initial", "final"):
            known = (abs(getattr(t, f"error_{when}")) for t in targets if t.role == role)
            errors = sorted(error for error in known if math.isfinite(error))
            if errors:
                curve = ((x(limit), y(bisect_right(errors, limit) / len(errors))) for limit in grid)
                parts.append(svg.path(curve, f"curve {role} {when}"))
                near = bisect_right(errors, 0.1) / len(errors)
                told.append(f"{role} {'before' if when == 'initial' else 'after'}: {percent(near)}")
    return svg.figure(
        width,
        height,
        "Share of targets within a given error, before and after calibration",
        "Within 10 percent: " + ("; ".join(told) or "no targets"),
        *parts,
    )


def distribution(imputed: Imputed, histogram: Histogram) -> Markup:
    """Nonzero weighted mass by size: donors as an area, draws and truth as outlines."""
    width, height, left, right, top, bottom = 300, 132, 6, 6, 8, 22
    edges = histogram.edges
    x = svg.by_bins(edges, left, width - right)
    shown = [*histogram.donor, *histogram.drawn, *(histogram.truth or ())]
    y = svg.linear(0, max(shown, default=0) or 1.0, height - bottom, top)
    at, floor = [x(edge) for edge in edges], height - bottom
    parts = [svg.path(svg.steps(at, [y(share) for share in histogram.donor], floor), "donor")]
    if histogram.truth is not None:
        parts.append(svg.path(svg.steps(at, [y(share) for share in histogram.truth], floor), "truth"))
    parts.append(svg.path(svg.steps(at, [y(share) for share in histogram.drawn], floor), "drawn"))
    parts.append(svg.line(left, floor, width - right, floor, "base"))
    for size in _signed_ticks(edges, x):
        parts.append(svg.line(x(size), floor, x(size), floor + 4, "base"))
        place = min(max(x(size), left + 12), width - right - 12)
        parts.append(svg.text(place, height - 5, tick(size), "middle"))
    known = "donors, draws and truth" if histogram.truth is not None else "donors and draws"
    return svg.figure(
        width,
        height,
        f"{imputed.label}: {known}",
        f"Nonzero mass by size on a signed log axis. Zeros: donors {percent(imputed.donor.zero)}, "
        f"draws {percent(imputed.drawn.zero)}, truth {percent(imputed.truth.zero)}.",
        *parts,
    )


def weight_histogram(edges: Sequence[float], shares: Sequence[float], bounds: Sequence[float] | None) -> Markup:
    """Records by the ratio of calibrated to design weight. edges: log10 of the ratio."""
    width, height, left, right, top, bottom = 560, 270, 46, 12, 22, 42
    x = svg.linear(edges[0], edges[-1], left, width - right)
    most = max(shares, default=0) or 1.0
    y = svg.linear(0, most, height - bottom, top)
    parts = []
    for share in _round_steps(most):
        parts.append(svg.line(left, y(share), width - right, y(share), "grid"))
        parts.append(svg.text(left - 7, y(share) + 4, percent(share, 0 if most >= 0.04 else 1), "end"))
    for low, high, share in zip(edges, edges[1:], shares, strict=False):
        if share > 0:
            parts.append(svg.rect(x(low) + 0.5, y(share), x(high) - x(low) - 1, height - bottom - y(share), "bar"))
    parts.append(svg.line(left, height - bottom, width - right, height - bottom, "base"))
    parts.append(svg.line(x(0), top, x(0), height - bottom, "one"))
    for bound in bounds or ():
        if bound > 0 and edges[0] <= math.log10(bound) <= edges[-1]:
            at = x(math.log10(bound))
            parts.append(svg.line(at, top, at, height - bottom, "bound"))
            parts.append(svg.text(at, top - 8, f"bound {bound:g}", "start" if bound < 1 else "end"))
    candidates = [m * 10.0**k for m in (1, 2, 5) for k in (0, -1, 1, -2, 2, -3, 3)]
    inside = [ratio for ratio in candidates if edges[0] <= math.log10(ratio) <= edges[-1]]
    for ratio in svg.spread(inside, lambda value: x(math.log10(value)), 40):
        at = x(math.log10(ratio))
        anchor = "end" if at > width - right - 14 else "middle"
        parts.append(svg.text(at, height - bottom + 17, f"× {ratio:g}", anchor))
    axis = "Calibrated weight over design weight (log scale)"
    parts.append(svg.text((left + width - right) / 2, height - 6, axis, "middle", "axis"))
    return svg.figure(width, height, "Records by ratio of calibrated to design weight", axis, *parts)


def benchmark_dots(benchmarks: Sequence[Benchmark]) -> Markup:
    """Computed over published total, one row a benchmark; in-sample ones hollow."""
    rows = [b for b in benchmarks if b.value and math.isfinite(b.computed / b.value)]
    ratios = [b.computed / b.value for b in rows]
    widest = max((abs(math.log10(r)) for r in ratios if r > 0), default=0.0)
    reach = next((r for r in (1.25, 2, 5, 10) if widest <= math.log10(r)), 10)
    width, left, right, top, row = 1120, 250, 100, 30, 26
    height = top + row * len(rows) + 30
    x = svg.logarithmic(1 / reach, reach, left, width - right)
    parts = [svg.rect(x(0.9), top, x(1.1) - x(0.9), row * len(rows), "band")]
    ticks = {1.25: (0.8, 0.9, 1, 1.1, 1.25), 2: (0.5, 0.75, 1, 1.25, 1.5, 2)}.get(
        reach, tuple(r for r in (0.1, 0.2, 0.5, 1, 2, 5, 10) if 1 / reach <= r <= reach)
    )
    for ratio in ticks:
        parts.append(svg.line(x(ratio), top, x(ratio), top + row * len(rows), "one" if ratio == 1 else "grid"))
        parts.append(svg.text(x(ratio), top - 10, f"× {ratio:g}", "middle"))
    for k, (benchmark, ratio) in enumerate(zip(rows, ratios, strict=True)):
        cy = top + row * (k + 0.5)
        kind = "insample" if benchmark.in_sample else "outsample"
        at = x(max(ratio, 0.0))
        parts.append(svg.text(left - 14, cy + 4, benchmark.id, "end", "name"))
        parts.append(svg.line(x(1), cy, at, cy, f"stem {kind}"))
        parts.append(svg.tag("circle", cx=at, cy=cy, r=5.5, class_=f"mark {kind}"))
        parts.append(svg.text(width - right + 14, cy + 4, signed_percent(benchmark.error), "start", "name"))
    parts.append(
        svg.text((left + width - right) / 2, height - 6, "Computed over published (log scale)", "middle", "axis")
    )
    return svg.figure(
        width,
        height,
        "Benchmarks: computed total as a multiple of the published one",
        f"{len(rows)} benchmarks; in-sample ones are drawn hollow. The band marks 10 percent either side.",
        *parts,
        class_="chart wide",
    )


def cost_bars(predicted: float, actual: float, most: float, told: str) -> Markup:
    """Predicted above actual cost of a step, on the scale of the dearest step."""
    x = svg.linear(0, most, 0, 120)
    bars = [
        svg.rect(0, place, max(1.5, x(value)) if value > 0 else 0, 5, class_)
        for value, place, class_ in ((predicted, 2, "predicted"), (actual, 8, "actual"))
        if math.isfinite(value)
    ]
    return svg.figure(120, 15, told, told, *bars, class_="cost")


def _comparable(target: Target, when: str) -> bool:
    return target.value != 0 and math.isfinite(target.value) and math.isfinite(getattr(target, when))


def _signed_ticks(edges: Sequence[float], x: svg.Scale) -> list[float]:
    """Zero, then powers of ten on either side, as many as have room; the ends where there is no power of ten."""
    powers = [sign * 10.0**k for k in (3, 5, 1, 4, 6, 2, 0, 7, 8, 9) for sign in (1, -1)]
    inside = [power for power in (0.0, *powers) if edges[0] <= power <= edges[-1]]
    kept = svg.spread(inside, x, 42)
    return kept if len(kept) > 1 else svg.spread([edges[0], edges[-1], *kept], x, 42)


def _round_steps(most: float) -> Iterable[float]:
    """Gridline heights: up to five round steps from zero."""
    power = 10.0 ** math.floor(math.log10(most))
    step = next(m * power for m in (0.2, 0.5, 1, 2, 5, 10) if most / (m * power) <= 5)
    return [k * step for k in range(int(most / step) + 1)]
