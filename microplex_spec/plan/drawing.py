"""Cards as SVG: a picture that stands by itself, in the colours of the report, light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from markupsafe import Markup, escape

from .graph import Card, Node
from .layout import Point, place

# (light, dark) by kind, of the lineage and of the plan's steps.
COLOURS = {
    "source": ("#17456e", "#8fc1ec"),
    "load": ("#17456e", "#8fc1ec"),
    "uprate": ("#17456e", "#8fc1ec"),
    "observed": ("#7d8894", "#8b97a3"),
    "impute": ("#1f6fb2", "#5aa9e6"),
    "derive": ("#2a8577", "#58bfae"),
    "rate": ("#7b5ea7", "#ab92d6"),
    "simulate": ("#b3361c", "#ff8f70"),
    "targets": ("#d1660a", "#f0944a"),
    "calibrate": ("#17456e", "#8fc1ec"),
    "benchmark": ("#66751d", "#b3c45a"),
}
PLAIN = ("#7d8894", "#8b97a3")
CALLED = {"impute": "imputed", "derive": "derived", "rate": "at a rate", "simulate": "rules engine"}
MARKS = {"+": "new", "~": "again", "=": "kept"}
LETTER, BOLD, LINE, HEAD, PAD, MARGIN = 7.0, 8.3, 16.0, 40.0, 12.0, 20.0
LONGEST = 40

STYLE = """
.graph { font-family: "Inter", "Segoe UI", system-ui, -apple-system, Roboto, "Helvetica Neue", Arial, sans-serif; }
.graph text { font-size: 12px; fill: #18202b; } .graph .title { font-size: 13px; font-weight: 600; }
.graph .kind { font-size: 9.5px; letter-spacing: .08em; text-transform: uppercase; }
.graph .box { fill: #fff; stroke: #d9dfe6; } .graph .edge { fill: none; stroke: #9aa6b3; stroke-width: 1.3; }
.graph .more { fill: #5a6675; font-style: italic; } .graph .kept { fill: #7d8894; } .graph .paper { fill: #fff; }
.graph .again { fill: #d1660a; } .graph .arrow { fill: #9aa6b3; }
.graph a:hover text, .graph a:focus text { text-decoration: underline; }
@media (prefers-color-scheme: dark) {
.graph text { fill: #e4e9ee; } .graph .box { fill: #1a2129; stroke: #2e3741; } .graph .edge { stroke: #5a6675; }
.graph .more { fill: #9aa6b3; } .graph .kept { fill: #8b97a3; } .graph .paper { fill: #12171d; }
.graph .again { fill: #f0944a; } .graph .arrow { fill: #5a6675; } }
"""


def colour(kind: str) -> str:
    """The colour of a kind on light paper."""
    return COLOURS.get(kind, PLAIN)[0]


def draw(cards: Sequence[Card], title: str, link: Callable[[Node], str] | None = None) -> Markup:
    """The cards in rows, each below what it needs; SVG of its own size that scales down with its page.

    link: gives the address that a node leads to, "" for none.
    """
    address = link or (lambda node: "")
    sizes = [_size(card) for card in cards]
    layout = place(sizes, [(other, index) for index, card in enumerate(cards) for other in card.needs])
    edges = (_edge(route) for route in layout.routes.values())
    placed = zip(cards, layout.corners, sizes, strict=True)
    boxes = (_card(card, corner, size, address) for card, corner, size in placed)
    width, height = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="{7}" aria-label="{0}" width="{1:.0f}" '
        'height="{2:.0f}" viewBox="0 0 {1:.0f} {2:.0f}"><title>{0}</title><desc>{8}</desc><style>{3}</style>'
        '<rect class="paper" width="100%" height="100%"/><g transform="translate({4:.0f} {4:.0f})">{5}{6}</g></svg>'
    ).format(
        title,
        width,
        height,
        Markup(STYLE + _kinds(cards)),
        MARGIN,
        _join(edges),
        _join(boxes),
        # An image has no parts; links must stay within reach of a keyboard and a screen reader.
        "group" if link else "img",
        f"{len(cards)} boxes, {len(layout.routes)} arrows, each from what is needed to what needs it",
    )


def _kinds(cards: Iterable[Card]) -> str:
    kinds = dict.fromkeys(card.kind for card in cards)
    rules = [[f".graph .k-{k} {{ fill: {COLOURS.get(k, PLAIN)[shade]}; }}" for k in kinds] for shade in (0, 1)]
    return "\n".join([*rules[0], "@media (prefers-color-scheme: dark) {", *rules[1], "}\n"])


def _size(card: Card) -> Point:
    rows = [_row_text(row) for row in card.shown]
    heads = [BOLD * len(_cut(card.title)), LETTER * len(_called(card))]
    width = max(heads + [LETTER * len(row) for row in rows])
    height = HEAD + LINE * (len(rows) + bool(card.more)) + (PAD - 4 if rows else 2)
    return max(96.0, width + 2 * PAD), height


def _card(card: Card, corner: Point, size: Point, link: Callable[[Node], str]) -> Markup:
    parts = [
        Markup('<rect class="box" width="{:.0f}" height="{:.0f}" rx="4"/>').format(*size),
        Markup('<rect class="k-{}" width="{:.0f}" height="4" rx="2"/>').format(card.kind, size[0]),
        Markup('<text class="kind k-{}" x="{:.0f}" y="18">{}</text>').format(card.kind, PAD, _called(card)),
        _linked(
            Markup('<text class="title" x="{:.0f}" y="34">{}{}</text>').format(PAD, _cut(card.title), _tip(card)),
            "" if card.shown else link(card.rows[0]),
        ),
    ]
    for index, row in enumerate(card.shown):
        text = Markup('<text class="{}" x="{:.0f}" y="{:.0f}">{}{}</text>').format(
            MARKS.get(row.mark, "row"), PAD, HEAD + LINE * (index + 0.8), _row_text(row), _label(row)
        )
        parts.append(_linked(text, link(row)))
    if card.more:
        y = HEAD + LINE * (len(card.shown) + 0.8)
        parts.append(Markup('<text class="more" x="{:.0f}" y="{:.0f}">and {} more</text>').format(PAD, y, card.more))
    return Markup('<g transform="translate({:.1f} {:.1f})">{}</g>').format(*corner, _join(parts))


def _linked(text: Markup, address: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(address, text) if address else text


def _edge(route: Sequence[Point]) -> Markup:
    """A line that leaves a box downward, enters the next from above, and runs straight past rows between."""
    steps = [f"M{_at(route[0])}"]
    for (x, y), end in pairwise(route):
        middle = (y + end[1]) / 2
        bend = f"C{_at((x, middle))} {_at((end[0], middle))} {_at(end)}"
        steps.append(f"L{_at(end)}" if abs(end[0] - x) < 0.5 else bend)
    tip = f"M{_at(route[-1])}l-4,-7h8z"
    return Markup('<path class="edge" d="{}"/><path class="arrow" d="{}"/>').format(" ".join(steps), tip)


def _at(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"


def _called(card: Card) -> str:
    # Of a plan's graph alone rows are marked; a file of variables may be called as their kind is, too.
    if any(row.mark for row in card.rows):
        return "1 step" if len(card.rows) == 1 else f"{len(card.rows)} steps"
    name = CALLED.get(card.kind, card.kind)
    return f"{name} · {len(card.rows)}" if len(card.rows) > 1 else name


def _row_text(row: Node) -> str:
    return _cut(f"{row.mark} {row.name}".strip())


def _tip(card: Card) -> Markup:
    return _label(card.rows[0]) if len(card.rows) == 1 else Markup("")


def _label(node: Node) -> Markup:
    return Markup("<title>{}</title>").format(node.label) if node.label else Markup("")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _join(parts: Iterable[str]) -> Markup:
    return Markup("").join(escape(part) for part in parts)
