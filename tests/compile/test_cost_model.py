"""The cost model: features times coefficients, what earlier steps leave in memory, fitting, and factors from runs."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_compile_plan import FULL, plan_of

from microplex_spec import compile_plan, execute
from microplex_spec.cli import main
from microplex_spec.compile.costs import priced
from microplex_spec.execute.costs import (
    PastStep,
    costs_path,
    last_run_line,
    load_costs,
    past_runs,
    refined,
    write_costs,
)
from microplex_spec.execute.fit_costs import Taken, fit_costs
from microplex_spec.plan import Step
from microplex_spec.spec.choices import Choices, Scale
from microplex_spec.spec.cost import CalibrationShape, Coefficient, Cost, CostModel, Factor, ImputeShape, shipped_costs
from microplex_spec.spec.registry import CALIBRATORS, IMPUTERS

MODEL = CostModel(
    {
        "idle": Coefficient(bytes=100),
        "import.engine": Coefficient(20.0, 1000, 1000),
        "rows": Coefficient(0.5, 10),
        "held": Coefficient(0.0, 4, 2),
    }
)


def step(name: str, seconds_of: dict[str, float], status: str = "run", kind: str = "impute") -> Step:
    return Step(f"{kind}:{name}", kind, "x", {}, (), (), name, status=status, predicted=Cost(work=seconds_of))


def test_a_price_is_coefficients_times_features_on_top_of_an_idle_process():
    assert MODEL.price({"rows": 4, "unheard of": 9}) == Cost(2.0, 140, 100, {"rows": 4, "unheard of": 9})


def test_a_library_is_paid_once_a_process_and_stays():
    first, second, third = priced(
        [
            step("a", {"import.engine": 1, "rows": 2}),
            step("b", {"import.engine": 1, "rows": 2}),
            step("c", {"rows": 1}),
        ],
        MODEL,
    )
    assert (first.predicted.seconds, first.predicted.bytes, first.predicted.start) == (21.0, 1120, 100)
    assert (second.predicted.seconds, second.predicted.bytes, second.predicted.start) == (1.0, 1120, 1100)
    assert (third.predicted.bytes, third.predicted.start) == (1110, 1100)


def test_a_reused_step_leaves_nothing_in_memory():
    _, second = priced([step("a", {"import.engine": 1}, "reuse"), step("b", {"import.engine": 1})], MODEL)
    assert second.predicted.seconds == 20.0 and second.predicted.start == 100


def test_freed_memory_is_used_again():
    _, second, third = priced([step("a", {"held": 100}), step("b", {"held": 10}), step("c", {"held": 80})], MODEL)
    assert (second.predicted.start, second.predicted.bytes) == (300, 300)
    assert third.predicted.bytes == 100 + 4 * 80


def test_work_that_nobody_measured_keeps_the_guess_of_its_backend():
    unmeasured = Step("fit:new", "fit", "new", {}, (), (), "k", predicted=Cost(7.0, 50))
    found = priced([step("a", {"import.engine": 1}), unmeasured], MODEL)[1].predicted
    assert (found.seconds, found.bytes, found.start) == (7.0, 1150, 1100)


def test_a_factor_moves_seconds_and_what_the_step_adds_but_not_what_stood_before():
    model = replace(MODEL, factors={"impute/x": Factor(2.0, 3.0)})
    assert model.price({"rows": 10}, "impute/x") == Cost(10.0, 400, 100, {"rows": 10})
    assert model.price(Cost(1.0, 5), "impute/x") == Cost(2.0, 115, 100)
    assert model.price({"rows": 10}, "impute/y").seconds == 5.0


SIZES = st.tuples(st.integers(50, 400_000), st.integers(0, 400_000), st.integers(1, 40))


@settings(deadline=None)
@given(SIZES, st.sampled_from(["qrf", "regime_aware"]), st.sampled_from(["positive", "zero_inflated", "three_sign"]))
def test_an_imputation_never_costs_less_with_more_rows_or_predictors(size, name, regime):
    donors, recipients, predictors = size
    backend = IMPUTERS.load(name)

    def cost(*shape: int) -> Cost:
        return backend.predict_cost(ImputeShape(*shape, regime, 0.6, 0.1))

    base = cost(donors, recipients, predictors)
    assert base.seconds > 0 and base.bytes > base.start > 0
    for more in (
        (2 * donors, recipients, predictors),
        (donors, 2 * recipients, predictors),
        (donors, recipients, 2 * predictors),
    ):
        assert cost(*more).seconds >= base.seconds and cost(*more).bytes >= base.bytes


@settings(deadline=None)
@given(st.integers(10, 10**6), st.integers(1, 4000), st.sampled_from(["logit", "entropy", "chi2", "none"]))
def test_a_calibration_never_costs_less_with_more_records_or_targets(records, targets, name):
    backend = CALIBRATORS.load(name)
    small, tall, wide = (
        backend.predict_cost(CalibrationShape(n, k, n * k // 10 + 1), {})
        for n, k in ((records, targets), (2 * records, targets), (records, 2 * targets))
    )
    assert 0 < small.seconds <= min(tall.seconds, wide.seconds)
    # With more columns fewer rows are sampled for the Gram matrix, so bytes may fall a little.
    assert 0 < small.bytes <= tall.bytes


def test_a_plan_of_more_households_costs_more(small_project):
    few, all_ = (
        plan_of(small_project, scale=scale) for scale in (Scale(name="few", households=50, donor_households=50), FULL)
    )
    for small, large in zip(few, all_, strict=True):
        assert small.predicted.seconds > 0 and small.predicted.bytes > 0
        if small.kind not in ("load", "report"):
            assert small.predicted.seconds < large.predicted.seconds, small.id


@settings(deadline=None)
@given(st.floats(0.1, 8), st.floats(0.1, 8), st.floats(0.2, 5))
def test_two_sizes_of_work_give_back_the_coefficients_that_they_were_made_with(fixed, slope, held):
    model = CostModel({"fixed": Coefficient(1.0), "rows": Coefficient(0.1, 10), "idle": Coefficient(bytes=1e4)})
    taken = [
        Taken({"fixed": 1, "rows": rows}, 5 * (fixed + 0.1 * slope * rows), int(1e4 + 10 * held * rows))
        for rows in (2, 40, 2_000, 40_000)
    ]
    found = model
    for _ in range(20):
        found = found.with_coefficients(fit_costs([taken], found))
    for step_taken in taken:
        told = found.price(step_taken.work)
        assert told.seconds == pytest.approx(step_taken.seconds, rel=0.1)
        assert told.bytes == pytest.approx(step_taken.peak_bytes, rel=0.1)


def test_what_was_not_run_keeps_its_place_and_what_is_unknown_is_not_invented():
    found = fit_costs([[Taken({"rows": 10, "unheard of": 1}, 5.0, 200)]], MODEL)
    assert set(found) == {"idle", "rows"}
    assert found["rows"].seconds == pytest.approx(0.5)
    assert MODEL.with_coefficients(found).coefficient("import.engine") == MODEL.coefficient("import.engine")


def past(rows: float, seconds: float, peak: int) -> PastStep:
    return PastStep(step("a", {"rows": rows}), seconds, peak)


def test_factors_are_medians_over_runs_of_actual_to_told():
    runs = [[past(10, 10.0, 100 + 150), past(10, 20.0, 100 + 150)], [past(10, 10.0, 300)], [past(10, 50.0, 100 + 150)]]
    factor = refined(replace(MODEL, coefficients={**MODEL.coefficients, "rows": Coefficient(0.5, 20)}), runs).factors
    # Ratios of seconds 30/10, 10/5 and 50/5; of bytes 150/200, 200/200 and 150/200.
    assert factor == {"impute/x": Factor(3.0, 0.75)}


def test_factors_do_not_build_on_earlier_factors():
    runs = [[past(10, 10.0, 300)]]
    once = refined(MODEL, runs)
    assert refined(once, runs) == once


def test_steps_too_short_to_tell_leave_no_factor():
    assert refined(MODEL, [[past(0.1, 0.15, 105)]]).factors == {}


def test_plan_measure_writes_coefficients_that_change_what_is_predicted(small_project, monkeypatch, capsys):
    monkeypatch.chdir(small_project.root)
    before = plan_of(small_project)
    assert main(["plan", "spec=small", "scale=full", "--measure"]) == 0
    path = costs_path(small_project.project)
    assert f"measured: {small_project.project.shown(path)}" in capsys.readouterr().err
    assert path.is_file()
    after = plan_of(small_project)
    assert after.key == before.key
    assert after.seconds() != before.seconds()
    assert not list(small_project.project.runs.glob("small"))


def test_a_damaged_file_of_coefficients_is_as_none(small_project):
    path = write_costs(small_project.project, {"column.fixed": Coefficient(seconds=9.0)})
    assert load_costs(small_project.project, "small").coefficient("column.fixed").seconds == 9.0
    path.write_text('{"coefficients": {"column.fixed": 3}}', encoding="utf-8")
    assert load_costs(small_project.project, "small") == shipped_costs()


def test_a_run_tells_how_good_the_predictions_were_and_corrects_the_next(small_project):
    project = small_project.project
    assert last_run_line(project, "small") == ""
    plan = compile_plan(small_project.load(), Choices(spec="small", scale=FULL))
    execute(plan, project=project)
    assert last_run_line(project, "small").startswith("last run: ")
    (run,) = past_runs(project, "small")
    assert [one.step.id for one in run] == [step.id for step in plan]
    assert load_costs(project, "small").factors["impute/regime_aware"].seconds > 0
    again = compile_plan(small_project.load(), Choices(spec="small", scale=FULL, seed=2))
    imputed = [one.seconds for one in run if one.step.kind == "impute"]
    told = [one.predicted.seconds for one in again.of_kind("impute")]
    assert sum(told) == pytest.approx(sum(imputed), rel=0.5)
