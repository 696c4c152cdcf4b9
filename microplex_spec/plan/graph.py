"""Graphs to be read: nodes gathered into cards (a file's variables, a kind's steps), and the cards as Mermaid text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from .explain import SYMBOLS, why
from .plan import Plan

MOST_ROWS = 14


@dataclass(frozen=True)
class Node:
    """One thing of a graph: its id, name and kind; the group it is shown with ("": by itself); ids that it needs.

    mark: the symbol of its status in a plan. label: what a reader sees on pointing at it.
    """

    id: str
    name: str
    kind: str
    group: str
    needs: tuple[str, ...]
    mark: str = ""
    label: str = ""


@dataclass(frozen=True)
class Card:
    """Nodes of one group, shown as a box that lists them; `needs` are indices of earlier cards."""

    kind: str
    title: str
    rows: tuple[Node, ...]
    needs: tuple[int, ...] = ()

    @property
    def shown(self) -> tuple[Node, ...]:
        """The rows to list: all, or the first of very many. A node by itself has none but its title."""
        if not self.rows[0].group:
            return ()
        return self.rows if len(self.rows) <= MOST_ROWS + 1 else self.rows[:MOST_ROWS]

    @property
    def more(self) -> int:
        """How many rows are not listed."""
        return len(self.rows) - len(self.shown) if self.shown else 0


def step_nodes(plan: Plan) -> list[Node]:
    """The steps of a plan, those of a kind together."""
    return [
        Node(step.id, step.name, step.kind, step.kind, step.inputs, SYMBOLS[step.status], why(step)) for step in plan
    ]


def restricted(nodes: Iterable[Node], ids: set[str]) -> list[Node]:
    """The nodes with the given ids; what one needs through nodes that are left out, it needs directly."""
    through: dict[str, tuple[str, ...]] = {}
    kept = []
    for node in _sorted(list(nodes)):
        needs = dict.fromkeys(other for above in node.needs for other in through[above])
        through[node.id] = (node.id,) if node.id in ids else tuple(needs)
        if node.id in ids:
            kept.append(replace(node, needs=tuple(needs)))
    return kept


def cards(nodes: Iterable[Node]) -> list[Card]:
    """Cards in an order in which each follows what it needs, without edges that follow from others.

    A group stands in several cards where some of it needs another group that needs the rest of it.
    """
    runs: list[list[Node]] = []
    for node in _sorted(list(nodes)):
        if runs and node.group and (runs[-1][0].group, runs[-1][0].kind) == (node.group, node.kind):
            runs[-1].append(node)
        else:
            runs.append([node])
    home = {node.id: index for index, run in enumerate(runs) for node in run}
    needs = [{home[other] for node in run for other in node.needs} - {index} for index, run in enumerate(runs)]
    return [
        Card(run[0].kind, run[0].group or run[0].name, tuple(run), direct)
        for run, direct in zip(runs, _direct(needs), strict=True)
    ]


def mermaid(drawn: Sequence[Card], colours: Callable[[str], str]) -> str:
    """The cards as a Mermaid flowchart. colours: gives the colour of a kind."""
    lines = ["flowchart TD"]
    for index, card in enumerate(drawn):
        rows = [f"{row.mark} {row.name}".strip() for row in card.shown]
        rows += [f"and {card.more} more"] if card.more else []
        text = "<br/>".join([f"<b>{_plain(card.title)}</b>", *map(_plain, rows)])
        lines.append(f'    c{index}["{text}"]:::{card.kind}')
    lines += [f"    c{other} --> c{index}" for index, card in enumerate(drawn) for other in card.needs]
    for kind in dict.fromkeys(card.kind for card in drawn):
        lines.append(f"    classDef {kind} fill:#fff,stroke:{colours(kind)},color:#18202b")
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text that Mermaid does not take for its own marks."""
    return re.sub(r'[<>"&#;`]', lambda mark: f"#{ord(mark[0])};", text)


def _sorted(nodes: list[Node]) -> list[Node]:
    """The nodes so that each follows what it needs, those of one group side by side as far as that allows."""
    waiting = {node.id: node for node in nodes}
    done: list[Node] = []
    stood: set[str] = set()
    group: tuple[str, str] | None = None
    while waiting:
        ready = [node for node in waiting.values() if stood.issuperset(node.needs)]
        if group not in {(node.group, node.kind) for node in ready}:
            group = _next_group(waiting, ready, stood)
        for node in ready:
            if (node.group, node.kind) == group:
                done.append(waiting.pop(node.id))
                stood.add(node.id)
    return done


def _next_group(waiting: dict[str, Node], ready: list[Node], stood: set[str]) -> tuple[str, str]:
    """The group to go on with: the first that can be finished, else the one of which most can be taken."""
    found = list(dict.fromkeys((node.group, node.kind) for node in ready))

    def left_behind(group: tuple[str, str]) -> int:
        members = {node.id: node for node in waiting.values() if (node.group, node.kind) == group}
        held = set(stood)
        while taken := [i for i, node in members.items() if held.issuperset(node.needs)]:
            held.update(taken)
            members = {i: node for i, node in members.items() if i not in taken}
        return len(members)

    return min(found, key=left_behind)


def _direct(needs: list[set[int]]) -> list[tuple[int, ...]]:
    """Each card's needs without those that it has through another."""
    reach: list[set[int]] = []
    for direct in needs:
        reach.append(direct.union(*(reach[other] for other in direct)))
    return [
        tuple(sorted(other for other in direct if not any(other in reach[via] for via in direct))) for direct in needs
    ]
