"""The page of a comparison: verdict, changes, steps and what moved, in one self-contained HTML text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ..compare.noise import by_chance
from . import formats, svg
from .template import environment

MOST_DRAWN = 20
_LEGEND = Markup(
    '<ul class="legend"><li><i class="key dot insample"></i>before</li><li><i class="key dot"></i>after</li></ul>'
)


def render(content: Mapping[str, Any]) -> str:
    """The page of what `diff --json` gives; it loads nothing, and is whole without its script."""
    made = environment()
    made.filters |= {
        "compact": _or_nothing(formats.compact),
        "signed": _or_nothing(formats.signed_percent),
        "decimal": _or_nothing(formats.decimal),
        "duration": formats.duration,
        "value": _value,
        "figure": _figure,
        "noise": {None: "", True: "beyond", False: "within"}.get,
    }
    rows, outcomes = content["spec"], content["outcomes"]
    sections = [
        ("checks", "Checks", outcomes["checks"]),
        ("targets", "Targets", outcomes["targets"]),
        ("benchmarks", "Benchmarks", outcomes["benchmarks"]),
        ("draws", "Draws", outcomes["imputation"]),
        ("weights", "Weights", outcomes["weights"]),
    ]
    return made.get_template("comparison.html").render(
        content=content,
        verdict=list(verdict(content)),
        changes=[row for row in rows if row["change"] != "note"],
        notes=[row for row in rows if row["change"] == "note"],
        seconds=sum(row["seconds"] for row in content["steps"]),
        sections=sections,
        drawings={kind: pairs(outcomes[kind], kind) for kind in ("targets", "benchmarks")},
        legend=_LEGEND,
    )


def verdict(content: Mapping[str, Any]) -> Iterator[str]:
    """What a reader should take away, in sentences."""
    counted = Counter("note" if row["change"] == "note" else "change" for row in content["spec"])
    notes = f"; {_count(counted['note'], 'note')} besides" if counted["note"] else ""
    yield f"{_count(counted['change'], 'change')} of what is declared matter{'s' * (counted['change'] == 1)}{notes}."
    if content["steps"]:
        yield f"{_count(len(content['steps']), 'step')} give{'s' * (len(content['steps']) == 1)} other results."
    outcomes = content["outcomes"]
    if failing := [row["id"] for row in outcomes["checks"] if row["new"] == "failed"]:
        yield f"{_count(len(failing), 'check')} fail{'s' * (len(failing) == 1)} now: {', '.join(failing)}."
    for kind in ("targets", "benchmarks"):
        sides = Counter(row["change"] for row in outcomes[kind])
        if rows := [row for row in outcomes[kind] if row["change"] == "moved"]:
            first, errors = rows[0], [_percent(rows[0][name]) for name in ("error_old", "error_new")]
            told = f"{first['id']}, {errors[0]} off before and {errors[1]} after"
            yield f"{_count(len(rows), kind[:-1])} moved; first {'the edited ' * first['edited']}{told}."
        for change in ("added", "removed"):
            if sides[change]:
                yield f"{_count(sides[change], kind[:-1])} {'was' if sides[change] == 1 else 'were'} {change}."
    known = [row["beyond_noise"] for row in outcomes["targets"] if row["beyond_noise"] is not None]
    if known:
        yield (
            f"Of {_count(len(known), 'target')} that moved, {sum(known)} moved beyond seed noise, where noise alone "
            f"puts about {by_chance(len(known)):.1f}: {content['seeds']} runs that differ by their seed alone tell."
        )
    elif outcomes["targets"]:
        yield "Whether that is more than seed noise is not known: no runs stand beside these that differ by seed alone."


def pairs(rows: Sequence[Mapping[str, Any]], kind: str) -> Markup:
    """Errors before (hollow) and after (filled) of the first rows, on one scale around zero."""
    shown = [row for row in rows if row["error_old"] is not None and row["error_new"] is not None][:MOST_DRAWN]
    reach = max((abs(row[name]) for row in shown for name in ("error_old", "error_new")), default=0.0) or 1e-3
    width, left, right, top, height = 1120, 400, 40, 26, 24
    x = svg.linear(-reach, reach, left, width - right)
    bottom = top + height * len(shown)
    parts = []
    for share in (-reach, -reach / 2, 0.0, reach / 2, reach):
        parts.append(svg.line(x(share), top, x(share), bottom, "one" if share == 0 else "grid"))
        parts.append(svg.text(x(share), top - 9, formats.signed_percent(share), "middle"))
    for number, row in enumerate(shown):
        y = top + height * (number + 0.5)
        before, after = x(row["error_old"]), x(row["error_new"])
        parts.append(svg.text(left - 14, y + 4, row["id"], "end", "name"))
        parts.append(svg.line(before, y, after, y, "stem outsample"))
        parts.append(svg.tag("circle", cx=before, cy=y, r=5.0, class_="mark insample"))
        parts.append(svg.tag("circle", cx=after, cy=y, r=5.0, class_="mark outsample"))
    told = "; ".join(f"{r['id']} {_percent(r['error_old'])} to {_percent(r['error_new'])}" for r in shown)
    return svg.figure(width, bottom + 8, f"Errors of {kind} before and after", told, *parts, class_="chart wide")


def _count(number: int, what: str) -> str:
    return f"{number or 'No'} {what}{'' if number == 1 else 's'}"


def _percent(share: float | None) -> str:
    return formats.MISSING if share is None else formats.signed_percent(share)


def _or_nothing(form: Any) -> Any:
    return lambda figure: "" if figure is None else form(figure)


def _figure(value: float | None, name: str) -> str:
    """A headline figure: a count, or a share."""
    if value is None:
        return formats.MISSING
    return formats.whole(value) if name.startswith("targets_") else formats.percent(value, 2)


def _value(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return formats.whole(value)
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)
