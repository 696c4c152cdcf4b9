"""Pricing a plan: its steps in the order of the serial executor, each with what earlier ones left in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..plan import Step
from ..spec.cost import Cost, CostModel, Work, sum_work, work_of


def priced(steps: Iterable[Step], costs: CostModel, workers: int = 1) -> tuple[Step, ...]:
    """The steps with what they will take; steps that are reused leave nothing in memory for those after them.

    With several workers simulations run in processes of their own, which are given the engine ahead of the first.
    """
    resident: dict[str, float] = {}
    found = []
    for step in steps:
        apart = workers > 1 and step.kind == "simulate"
        before = libraries_of(step.predicted, costs) if apart else resident
        cost = price(step.kind, step.backend, step.predicted, costs, before)
        if step.status != "reuse" and not apart:
            resident = costs.left_by(step.predicted.work, resident)
        found.append(replace(step, predicted=cost))
    return tuple(found)


def libraries_of(cost: Cost, costs: CostModel) -> dict[str, float]:
    """What a process holds that was given the libraries of some work ahead of it."""
    return costs.left_by({name: amount for name, amount in cost.work.items() if name.startswith("import.")}, {})


def with_work(kind: str, backend: str, cost: Cost, more: Work) -> Cost:
    """What a backend takes, with the work that its step does around it."""
    return Cost(work=sum_work(work_of(cost, f"{kind}/{backend}"), more))


def price(kind: str, backend: str, cost: Cost, costs: CostModel, resident: Mapping[str, float]) -> Cost:
    """What work takes as a step of this kind and backend, in a process that holds `resident`."""
    return costs.price(cost, f"{kind}/{backend}", resident)
