"""A plan as one self-contained HTML page: its totals, its graph, and each step with cost, batch and reasons."""

from __future__ import annotations

from collections import Counter

from jinja2 import Environment, PackageLoader, StrictUndefined

from .drawing import draw
from .explain import MEANINGS, SYMBOLS, batches, budget, duration, size, totals
from .graph import cards, step_nodes
from .plan import Plan


def render(plan: Plan) -> str:
    """The page of a plan; it needs no network and no script."""
    environment = Environment(
        loader=PackageLoader("microplex_spec.plan", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"size": size, "duration": duration, "batches": batches}
    counts = Counter(SYMBOLS[step.status] for step in plan) + Counter({"-": len(plan.gone)})
    return environment.get_template("plan.html").render(
        plan=plan,
        budget=budget(plan),
        totals=totals(plan),
        symbols=SYMBOLS,
        meanings=MEANINGS,
        counts=counts,
        graph=draw(cards(step_nodes(plan)), f"Steps of the plan of {plan.spec}"),
        longest=max((step.predicted.seconds for step in plan if step.status != "reuse"), default=0.0),
    )
