"""The little SVG that the figures need: elements, scales and ticks. All text is escaped."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

from markupsafe import Markup, escape

Scale = Callable[[float], float]


def tag(name: str, *children: str, **attributes: object) -> Markup:
    """An element. `class_` is class, other underscores are hyphens; floats keep one decimal."""
    written = Markup("").join(
        Markup(' {}="{}"').format(
            key.rstrip("_").replace("_", "-"), short(value) if isinstance(value, float) else value
        )
        for key, value in attributes.items()
    )
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), written, join(children))


def join(parts: Iterable[str]) -> Markup:
    return Markup("").join(escape(part) for part in parts)


def figure(width: int, height: int, title: str, description: str, *children: str, class_: str = "chart") -> Markup:
    """A drawing that scales with its box and that a screen reader announces by title and description."""
    return tag(
        "svg",
        tag("title", title),
        tag("desc", description),
        *children,
        class_=class_,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=title,
    )


def text(x: float, y: float, content: str, anchor: str = "start", class_: str = "tick") -> Markup:
    return tag("text", content, x=float(x), y=float(y), text_anchor=anchor, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    return tag("line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), class_=class_)


def rect(x: float, y: float, width: float, height: float, class_: str) -> Markup:
    return tag("rect", x=float(x), y=float(y), width=max(0.0, width), height=max(0.0, height), class_=class_)


def short(value: float) -> str:
    """A coordinate to a tenth of a pixel, which halves the weight of a page with thousands of points."""
    return f"{value:.1f}".removesuffix(".0")


def path(points: Iterable[tuple[float, float]], class_: str) -> Markup:
    """A line through points."""
    return tag("path", d="M" + "L".join(f"{short(x)},{short(y)}" for x, y in points), class_=class_)


def dots(points: Iterable[tuple[float, float]], class_: str) -> Markup:
    """Round dots as strokes of no length in one path: a dozen bytes a dot."""
    return tag("path", d="".join(f"M{short(x)},{short(y)}h0" for x, y in points), class_=f"dots {class_}")


def steps(edges: Sequence[float], heights: Sequence[float], floor: float) -> list[tuple[float, float]]:
    """The outline of a histogram, from floor to floor; edges and heights are coordinates already."""
    points = [(edges[0], floor)]
    for left, right, height in zip(edges, edges[1:], heights, strict=False):
        points += [(left, height), (right, height)]
    return [*points, (edges[-1], floor)]


def linear(low: float, high: float, start: float, stop: float) -> Scale:
    """From values to coordinates, clamped to the ends of the axis."""
    span = (high - low) or 1.0
    return lambda value: start + (stop - start) * min(1.0, max(0.0, (value - low) / span))


def logarithmic(low: float, high: float, start: float, stop: float) -> Scale:
    """As `linear`, in the logarithm; values below `low`, zero among them, lie at the start."""
    scale = linear(math.log10(low), math.log10(high), start, stop)
    return lambda value: scale(math.log10(max(value, low)))


def by_bins(edges: Sequence[float], start: float, stop: float) -> Scale:
    """Bins of equal width, straight in the signed logarithm within each: the axis on which the bins were cut."""
    cuts = [_signed_log(edge) for edge in edges]
    bins = linear(0, len(cuts) - 1, start, stop)

    def scale(value: float) -> float:
        at = _signed_log(value)
        i = min(max(bisect_right(cuts, at) - 1, 0), len(cuts) - 2)
        return bins(i + (at - cuts[i]) / ((cuts[i + 1] - cuts[i]) or 1.0))

    return scale


def decades(low: float, high: float, most: int) -> list[float]:
    """Powers of ten from low to high, thinned evenly to at most `most`."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    stride = max(1, math.ceil((last - first + 1) / most))
    return [10.0**k for k in range(first, last + 1, stride)]


def spread(ticks: Iterable[float], scale: Scale, gap: float) -> list[float]:
    """Those of the ticks, most important first, that stand at least `gap` pixels apart."""
    kept: list[float] = []
    for tick in ticks:
        if all(abs(scale(tick) - scale(other)) >= gap for other in kept):
            kept.append(tick)
    return sorted(kept)


def _signed_log(value: float) -> float:
    return math.copysign(math.log1p(abs(value)), value)
