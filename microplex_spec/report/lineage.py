"""The lineage of the file as a graph whose every row leads to the place of the page that tells of it."""

from __future__ import annotations

from collections.abc import Collection

from markupsafe import Markup

from ..plan.drawing import draw
from ..plan.graph import Node, cards
from .data import Run

_SECTIONS = {"source": "#variables", "targets": "#targets", "calibrate": "#weights", "benchmark": "#benchmarks"}


def lineage_figure(run: Run) -> Markup | None:
    """The graph, or None for a run whose plan tells no lineage."""
    if not run.lineage:
        return None
    known = {definition.name for definition in run.variables}
    steps = {step.id for step in run.plan}
    return draw(cards(run.lineage), f"Lineage of {run.plan.spec}", lambda node: _address(node, known, steps))


def _address(node: Node, variables: Collection[str], steps: Collection[str]) -> str:
    if node.kind == "simulate":
        return f"#step-{node.id}" if node.id in steps else ""
    if node.kind == "benchmark":
        return f"#{node.id}"
    if node.name in variables and node.kind not in _SECTIONS:
        return f"#variable-{node.name}"
    return _SECTIONS.get(node.kind, "")
