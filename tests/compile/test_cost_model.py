"""The cost model: features times coefficients, what earlier steps leave in memory, and what runs teach it."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_compile_plan import FULL, plan_of

from microplex_spec import compile_plan, execute
from microplex_spec.cli import main
from microplex_spec.compile.costs import priced, with_work
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
from microplex_spec.execute.measure import learn
from microplex_spec.plan import Step
from microplex_spec.spec.choices import BackendChoice, Choices, Scale
from microplex_spec.spec.cost import CalibrationShape, Coefficient, Cost, CostModel, ImputeShape, shipped_costs
from microplex_spec.spec.project import Project
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


def test_work_that_nobody_measured_keeps_the_guess_of_its_backend_until_runs_correct_it():
    unmeasured = Step("fit:new", "fit", "new", {}, (), (), "k", predicted=Cost(7.0, 50))
    found = priced([step("a", {"import.engine": 1}), unmeasured], MODEL)[1].predicted
    assert (found.seconds, found.bytes, found.start) == (7.0, 1150, 1100)
    corrected = MODEL
    for _ in range(30):
        corrected = refined(corrected, [[PastStep(replace(unmeasured, predicted=found), 21.0, 100 + 75)]])
    again = corrected.price(Cost(14.0, 100), "fit/new")
    assert again.seconds == pytest.approx(42.0, rel=0.1)
    assert again.bytes - again.start == pytest.approx(150, rel=0.35)


def test_a_guess_stands_beside_the_work_that_a_step_does_around_it():
    cost = MODEL.price(with_work("impute", "new", Cost(7.0, 50), {"rows": 4}))
    assert (cost.seconds, cost.bytes) == (9.0, 100 + 50 + 40)
    known = with_work("impute", "old", MODEL.price({"rows": 6}), {"rows": 4})
    assert known.work == {"rows": 10}


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
    # One imputer for both, since few donors would be given to another one than many.
    few, all_ = (
        plan_of(small_project, scale=scale, imputer=BackendChoice(name="regime_aware"))
        for scale in (Scale(name="few", households=50, donor_households=50), FULL)
    )
    for small, large in zip(few, all_, strict=True):
        assert small.predicted.seconds > 0 and small.predicted.bytes > 0
        if small.kind not in ("load", "report"):
            assert small.predicted.seconds < large.predicted.seconds, small.id


@settings(deadline=None, max_examples=25)
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


def past(rows: float, seconds: float, peak: int = 100) -> PastStep:
    return PastStep(step("a", {"rows": rows}), seconds, peak)


def test_runs_move_a_coefficient_most_of_the_way_to_what_they_took():
    runs = [[past(rows, 1.5 * rows) for rows in (2, 10, 400)]]
    seconds = refined(MODEL, runs).coefficient("rows").seconds
    assert seconds == pytest.approx(1.5, rel=0.05)
    assert refined(MODEL, []) == MODEL


def test_one_busy_minute_among_several_runs_hardly_counts():
    steady = [past(rows, 0.5 * rows) for rows in (20, 40, 80, 160)]
    busy = [past(100, 900.0)]
    assert refined(MODEL, [steady, steady, busy]).coefficient("rows").seconds == pytest.approx(0.5, rel=0.3)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 1e4), st.floats(0.01, 1e4), st.integers(100, 10**6)), min_size=1, max_size=12))
def test_no_run_makes_a_coefficient_negative(taken):
    found = refined(MODEL, [[past(*one) for one in taken]]).coefficients
    assert all(min(row.seconds, row.bytes, row.kept) >= 0 for row in found.values())


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


def past_folder(project: Project) -> Path:
    """The one run of the small project."""
    (folder,) = (project.runs / "small").iterdir()
    return folder


def test_a_build_that_reused_steps_teaches_no_coefficients(small_project):
    choices = Choices(spec="small", scale=FULL)
    first = execute(compile_plan(small_project.load(), choices), project=small_project.project).folder
    second = execute(compile_plan(small_project.load(), choices), project=small_project.project).folder
    assert learn(small_project.project, second) is None
    assert learn(small_project.project, first) is not None


def test_a_run_tells_how_good_the_predictions_were_and_corrects_the_next(small_project):
    project = small_project.project
    assert last_run_line(project, "small") == ""
    plan = compile_plan(small_project.load(), Choices(spec="small", scale=FULL))
    execute(plan, project=project)
    assert last_run_line(project, "small").startswith("last run: ")
    (run,) = past_runs(project, "small")
    assert [one.step.id for one in run] == [step.id for step in plan]
    assert load_costs(project, "small") != shipped_costs()
    path = learn(project, past_folder(project))
    assert path == costs_path(project) and path.is_file()
    assert learn(project, past_folder(project)) is None
    again = compile_plan(small_project.load(), Choices(spec="small", scale=FULL, seed=2))
    imputed = [one.seconds for one in run if one.step.kind == "impute"]
    told = [one.predicted.seconds for one in again.of_kind("impute")]
    assert sum(told) == pytest.approx(sum(imputed), rel=0.5)
