"""A comparison as lines for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .noise import by_chance

SYMBOLS = {"added": "+", "removed": "-", "changed": "~", "renamed": ">", "note": "."}
MOST_ROWS, LONGEST = 15, 60
NOISE = {None: "", True: "  beyond seed noise", False: "  within seed noise"}


def lines(content: Mapping[str, Any], everything: bool = False) -> Iterator[str]:
    """The comparison that `Difference.to_json` gives, its tables cut to the first rows unless asked otherwise."""
    most = None if everything else MOST_ROWS
    yield f"{content['old']}  ->  {content['new']}"
    matters = [row for row in content["spec"] if row["change"] != "note"]
    notes = [row for row in content["spec"] if row["change"] == "note"]
    yield from _table("declared", [_change(row) for row in matters], most, "nothing that matters")
    if notes:
        yield from _table("notes only", [_change(row) for row in notes], most)
    seconds = sum(row["seconds"] for row in content["steps"])
    head = f"steps that give other results, {seconds:.0f} s predicted"
    steps = [(row["id"], f"{row['seconds']:>7.1f} s  {row['reason']}") for row in content["steps"]]
    yield from _named_table(head, steps, most, "no step")
    if content["seeds"]:
        yield f"seed noise is told by {content['seeds']} runs that differ by their seed alone"
    yield from _outcomes(content["outcomes"], most)
    yield "same" if content["same"] else "differs"


def _outcomes(outcomes: Mapping[str, Any], most: int | None) -> Iterator[str]:
    if outcomes["headline"]:
        rows = [(name, _headline(name, row)) for name, row in outcomes["headline"].items()]
        yield from _named_table("headline", rows, most)
    if outcomes["checks"]:
        yield from _named_table("checks of another status", [_checked(row) for row in outcomes["checks"]], most)
    for kind in ("targets", "benchmarks"):
        if outcomes[kind]:
            yield from _named_table(f"{kind} that moved", [_moved(row) for row in outcomes[kind]], most)
            yield from _chance(outcomes[kind])
    if outcomes["imputation"]:
        yield from _named_table("drawn otherwise", [_drawn(row) for row in outcomes["imputation"]], most)
        yield from _chance(outcomes["imputation"])
    if outcomes["weights"]:
        rows = [
            (name, f"{_pair(row['old'], row['new'], '.4g')}{NOISE[row['beyond_noise']]}")
            for name, row in outcomes["weights"].items()
        ]
        yield from _named_table("weights", rows, most)
        yield from _chance(outcomes["weights"].values())


def _chance(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """How many rows are beyond seed noise, and how many noise alone would put there."""
    known = [row["beyond_noise"] for row in rows if row["beyond_noise"] is not None]
    if known:
        chance = f"noise alone puts about {by_chance(len(known)):.1f} there"
        yield f"  beyond seed noise: {sum(known)} of {len(known)}; {chance}"


def _named_table(head: str, rows: Sequence[tuple[str, str]], most: int | None, nothing: str = "") -> Iterator[str]:
    """A table whose rows are a name and what is said of it, the names shown of one width."""
    width = max((len(name) for name, _ in _first(rows, most)), default=0)
    yield from _table(head, [f"{name:<{width}}  {said}" for name, said in rows], most, nothing)


def _table(head: str, rows: Sequence[str], most: int | None, nothing: str = "") -> Iterator[str]:
    yield ""
    yield f"{head}: {len(rows) or nothing}"
    shown = _first(rows, most)
    yield from (f"  {row}" for row in shown)
    if len(shown) < len(rows):
        yield f"  and {len(rows) - len(shown)} more (--all)"


def _first[Row](rows: Sequence[Row], most: int | None) -> Sequence[Row]:
    """The rows that are shown: a line that tells of one more row would be no shorter than that row."""
    return rows if most is None or len(rows) <= most + 1 else rows[:most]


def _change(row: Mapping[str, Any]) -> str:
    name = f"{SYMBOLS[row['change']]} {row['object']} {row['id']}"
    where = " , ".join(text for text in dict.fromkeys((row["where_old"], row["where"])) if text)
    if row["change"] == "renamed":
        count = len(row["references"])
        what = f"was {row['old']}" + (f", and {count} reference{'s' * (count > 1)} to it" if count else "")
    elif row["field"]:
        relative = f" ({row['relative']:+.2%})" if row["relative"] is not None else ""
        what = f"{row['field']}: {_change_of(row['old'], row['new'])}{relative}"
    else:
        what = row["change"]
    return "  ".join(text for text in (name, what, where) if text)


def _change_of(old: Any, new: Any) -> str:
    """Two values; of lists only what came and went."""
    if isinstance(old, list) and isinstance(new, list):
        came, went = ([item for item in a if item not in b] for a, b in ((new, old), (old, new)))
        if came or went:
            return _short(" ".join([*(f"+ {_plain(item)}" for item in came), *(f"- {_plain(item)}" for item in went)]))
        return "in another order"
    return f"{_short(_plain(old))} -> {_short(_plain(new))}"


def _plain(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return "(none)" if value is None else value if isinstance(value, str) else json.dumps(value)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _headline(name: str, row: Mapping[str, Any]) -> str:
    """A figure that sums up a run: a number of targets, or a share."""
    return _pair(row["old"], row["new"], ".0f" if name.startswith("targets_") else ".2%")


def _checked(row: Mapping[str, Any]) -> tuple[str, str]:
    statuses = " -> ".join(status or "(none)" for status in (row["old"], row["new"]))
    return row["id"], "  ".join([f"{statuses} ({row['severity']})", _short(row["found"]), "; ".join(row["edits"][:2])])


def _moved(row: Mapping[str, Any]) -> tuple[str, str]:
    errors = _pair(row["error_old"], row["error_new"], "+.2%")
    mark, causes = "", "; ".join(row["edits"][:2])
    if row["change"] != "moved":
        error = row["error_new"] if row["change"] == "added" else row["error_old"]
        told = "of no known error" if error is None else f"{error:+.2%}"
        return f"{row['id']} ({row['change']})", told
    if row["was"]:
        mark = f" (was {row['was']})"
    elif row["edited"]:
        # The error of a target that is met hardly moves with it: what the file says of it does.
        mark, causes = " (edited)", f"{_pair(row['old'], row['new'], ',.10g')}  {causes}"
    return row["id"] + mark, f"{errors:<24}  {causes}{NOISE[row['beyond_noise']]}"


def _pair(old: float | None, new: float | None, form: str) -> str:
    """Before and after; what stays the same in the digits shown is told once, so that nobody looks for a move."""
    before, after = ("?" if figure is None else f"{figure:{form}}" for figure in (old, new))
    return f"{before} -> {after}" if before != after else f"{after}, as before"


def _drawn(row: Mapping[str, Any]) -> tuple[str, str]:
    """The KS distance of the draws, and what is furthest beyond seed noise, else the mean, else what moved."""
    mean = "drawn_mean" if "drawn_mean" in row["changed"] else next(iter(row["changed"]))
    name = next(iter(row["figures_beyond"]), mean)
    old, new = (_number(figure) for figure in row["changed"][name])
    moved = f"KS {_number(row['shift'])}  {name} {old} -> {new}"
    return row["id"], f"{moved}  {'; '.join(row['edits'][:2])}{NOISE[row['beyond_noise']]}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"
