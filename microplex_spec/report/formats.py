"""Numbers as a reader of statistics wants them: short, in units, with a true minus."""

from __future__ import annotations

import math

MISSING = "–"
_SCALES = ((1e12, " tn"), (1e9, " bn"), (1e6, " m"))


def compact(value: float) -> str:
    """At least three figures, with the scale behind them: 2,148 bn, 66.27 bn, 12.50 m, 12,504."""
    if not math.isfinite(value):
        return MISSING
    size = abs(value)
    if size < 1e6:
        return _minus(f"{value:,.{_decimals(size)}f}" if value % 1 else f"{value:,.0f}")
    # A published total of 2,148 bn reads better than 2.148 tn, which sets the scale of trillions apart.
    scale, suffix = next((s, t) for s, t in _SCALES if size >= (1e13 if s == 1e12 else s))
    return _minus(f"{value / scale:,.{_decimals(size / scale)}f}") + suffix


def tick(value: float) -> str:
    """A round value on an axis: 100 m, 1 tn, −10 k, 0.5."""
    scales = (*_SCALES, (1e3, " k"))
    scale, suffix = next(((s, t) for s, t in scales if abs(value) >= s), (1.0, ""))
    return _minus(f"{value / scale:.3g}") + suffix


def amount(value: float, unit: str) -> str:
    """A figure in its unit: dollars, a share in percent, or a count."""
    if not math.isfinite(value):
        return MISSING
    if unit == "share":
        return percent(value)
    text = compact(abs(value))
    return f"{'−' if value < 0 else ''}{'$' if unit.startswith('usd') else ''}{text}"


def percent(share: float, decimals: int | None = None) -> str:
    """A share in percent; small ones with more decimals."""
    if not math.isfinite(share):
        return MISSING
    points = 100 * share
    if decimals is None:
        decimals = 0 if abs(points) >= 100 else 1 if abs(points) >= 10 else 2
    return _minus(f"{points:,.{decimals}f}") + " %"


def round_percent(share: float) -> str:
    """A share that somebody chose, such as a tolerance, without decimals that it does not have."""
    return f"{100 * share:.4g} %" if math.isfinite(share) else MISSING


def signed_percent(share: float) -> str:
    """A relative error with its direction."""
    text = percent(share)
    return f"+{text}" if share > 0 else text


def whole(value: float) -> str:
    """A count with separators."""
    return _minus(f"{value:,.0f}") if math.isfinite(value) else MISSING


def decimal(value: float, decimals: int = 3) -> str:
    """A statistic such as a Kolmogorov-Smirnov distance or a ratio."""
    return _minus(f"{value:,.{decimals}f}") if math.isfinite(value) else MISSING


def duration(seconds: float) -> str:
    """Wall time: 0.4 s, 48 s, 3 min 20 s, 1 h 05 min."""
    if not math.isfinite(seconds):
        return MISSING
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _decimals(size: float) -> int:
    return 0 if size >= 1000 else 1 if size >= 100 else 2


def _minus(text: str) -> str:
    """The typographic minus, and none before a figure that rounds to nothing."""
    if not text.startswith("-"):
        return text
    return "−" + text[1:] if text.strip("-0.,") else text[1:]
