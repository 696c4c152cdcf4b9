"""What workers change in the price of a plan: simulations run apart, with the engine imported ahead of them."""

from __future__ import annotations

from microplex_spec.compile.costs import priced
from microplex_spec.plan import Step
from microplex_spec.spec.cost import Cost, shipped_costs

IMPORT = "import.policyengine_us"


def step(kind: str, work: dict[str, float]) -> Step:
    return Step(f"{kind}:x", kind, "numpy", {}, (), (), "0", predicted=Cost(work=work))


STEPS = [step("simulate", {IMPORT: 1, "policyengine_us.households": 1000}), step("derive", {"column.fixed": 1})]


def test_with_workers_the_import_of_an_engine_is_not_in_the_seconds_of_a_simulation():
    (alone, _), (apart, _) = priced(STEPS, shipped_costs()), priced(STEPS, shipped_costs(), workers=2)
    assert alone.predicted.seconds - apart.predicted.seconds == shipped_costs().coefficient(IMPORT).seconds
    assert apart.predicted.bytes == alone.predicted.bytes


def test_with_workers_steps_after_a_simulation_do_not_hold_its_engine():
    (_, alone), (_, apart) = priced(STEPS, shipped_costs()), priced(STEPS, shipped_costs(), workers=2)
    assert alone.predicted.start - apart.predicted.start == shipped_costs().coefficient(IMPORT).kept
