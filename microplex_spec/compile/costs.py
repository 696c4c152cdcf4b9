"""Pricing a plan: its steps in the order of the serial executor, each with what earlier ones left in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..plan import Step
from ..spec.cost import Cost, CostModel, Work, sum_work, work_of


def priced(steps: Iterable[Step], costs: CostModel) -> tuple[Step, ...]:
    """The steps with what they will take; steps that are reused leave nothing in memory for those after them."""
    resident: dict[str, float] = {}
    found = []
    for step in steps:
        cost = price(step.kind, step.backend, step.predicted, costs, resident)
        if step.status != "reuse":
            resident = costs.left_by(step.predicted.work, resident)
        found.append(replace(step, predicted=cost))
    return tuple(found)


def with_work(kind: str, backend: str, cost: Cost, more: Work) -> Cost:
    """What a backend takes, with the work that its step does around it."""
    return Cost(work=sum_work(work_of(cost, f"{kind}/{backend}"), more))


def price(kind: str, backend: str, cost: Cost, costs: CostModel, resident: Mapping[str, float]) -> Cost:
    """What work takes as a step of this kind and backend, in a process that holds `resident`."""
    return costs.price(cost, f"{kind}/{backend}", resident)
