"""Progress: plain lines in a log, a live foot on a terminal, and seconds left that follow the pace of the run."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from microplex_spec import compile_plan
from microplex_spec.execute.progress import _Board, lines, live, memory_used, progress
from microplex_spec.execute.tally import Tally
from microplex_spec.plan import Plan
from microplex_spec.spec.cost import Cost

FIRST, SECOND = "load:survey", "load:donors"


@pytest.fixture(scope="module")
def plan(small_project_template) -> Plan:
    """The small plan with ten predicted seconds for each of its 14 steps."""
    plan = compile_plan(small_project_template.load())
    return replace(plan, steps=tuple(replace(s, status="run", predicted=Cost(10.0, 10**8)) for s in plan))


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def finished(step: str, status: str = "done", seconds: float = 10.0) -> tuple[str, dict]:
    error = "no donor" if status == "failed" else None
    return "step_finished", {"step": step, "status": status, "seconds": seconds, "peak_bytes": 2e8, "error": error}


def started(step: str) -> tuple[str, dict]:
    return "step_started", {"step": step, "backend": "numpy", "predicted": 10.0}


def test_lines_tell_each_step_once_as_it_ends(plan, capsys):
    listen = lines(plan)
    listen("run_started", {"plan": plan.key, "steps": 14, "folder": "runs/small/x"})
    for event in (started(FIRST), finished(FIRST), ("step_reused", {"step": SECOND})):
        listen(*event)
    listen(*finished("impute:dividends", "failed"))
    listen("step_skipped", {"step": "derive:unit_income", "error": "needs impute:dividends, which failed"})
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "run runs/small/x: 14 steps"
    assert told[1].startswith("[  1/14] + load:survey") and told[1].split()[-4:] == ["10.0", "s", "200", "MB"]
    assert told[2:] == [
        "[  2/14] = load:donors",
        "[  3/14] x impute:dividends: no donor",
        "[  4/14] - derive:unit_income: needs impute:dividends, which failed",
    ]


def test_whatever_goes_otherwise_than_planned_gets_a_line(plan, capsys):
    listen = lines(plan)
    listen("artifact_damaged", {"step": FIRST, "key": "k", "text": "made again"})
    listen("part_finished", {"step": "simulate:e.2023", "part": 2, "parts": 8})
    listen("traceback", {"step": FIRST, "text": "Traceback: long"})
    listen("run_interrupted", {"way_on": "go on with: microplex-spec resume runs/small/x"})
    assert capsys.readouterr().out.splitlines() == [
        "          load:survey: made again",
        "          simulate:e.2023: part 2 of 8",
        "stopped; go on with: microplex-spec resume runs/small/x",
    ]


def test_what_is_no_terminal_gets_plain_lines(plan, capsys):
    with progress(plan) as listen:
        listen(*finished(FIRST))
    assert capsys.readouterr().out.startswith("[  1/14] + load:survey")


def test_several_steps_run_at_once_and_the_time_left_follows_the_predictions(plan):
    clock = Clock()
    tally = Tally(plan, clock)
    assert tally.left(clock.now) == pytest.approx(140)
    for event in (started(FIRST), started(SECOND)):
        tally(*event)
    clock.now += 5
    assert [step.id for step in tally.running()] == [FIRST, SECOND]
    assert tally.share(clock.now) == pytest.approx(10 / 140)
    # Two workers do ten predicted seconds in five.
    assert tally.left(clock.now) == pytest.approx(130 * 25 / 30)


def test_a_slow_machine_makes_the_time_left_longer_than_predicted(plan):
    clock = Clock()
    tally = Tally(plan, clock)
    for step in list(plan)[:7]:
        tally(*started(step.id))
        clock.now += 30
        tally(*finished(step.id, seconds=30))
    assert 140 < tally.left(clock.now) < 210


def test_reused_and_skipped_steps_leave_nothing_to_wait_for(plan):
    clock = Clock()
    tally = Tally(plan, clock)
    for step in plan:
        tally("step_reused", {"step": step.id})
    assert (tally.ended, tally.left(clock.now), tally.share(clock.now)) == (14, 0, 1)


def test_parts_say_how_far_a_step_is_better_than_the_clock(plan):
    clock = Clock()
    tally = Tally(plan, clock)
    tally(*started(FIRST))
    tally("part_finished", {"step": FIRST, "part": 1, "parts": 4})
    clock.now += 1000
    (step,) = tally.running()
    assert step.share(clock.now) == 0.5
    tally("part_finished", {"step": FIRST, "part": 3, "parts": 4})
    clock.now = tally.started
    assert step.share(clock.now) == 0.75


def test_a_step_beyond_its_prediction_is_never_shown_as_done(plan):
    clock = Clock()
    tally = Tally(plan, clock)
    tally(*started(FIRST))
    clock.now += 1000
    assert tally.running()[0].share(clock.now) < 1


def test_the_live_foot_shows_running_steps_time_and_memory(plan):
    tally = Tally(plan)
    board = _Board(plan, tally, lambda: 3_000_000_000)
    for step in list(plan)[:9]:
        tally(*started(step.id))
    tally("part_finished", {"step": FIRST, "part": 2, "parts": 8})
    out = StringIO()
    Console(file=out, width=140).print(board.render())
    text = out.getvalue()
    assert "load:survey" in text and "part 3 of 8" in text and "of about 10" in text
    assert "and 1 more" in text and "0/14 steps" in text and "left" in text
    assert "memory 3.0 GB of " in text


def test_the_live_display_tells_ended_steps_above_and_leaves_them_standing(plan):
    out = StringIO()
    with live(plan, Console(file=out, width=140, force_terminal=True)) as listen:
        listen(*started(FIRST))
        listen(*finished(FIRST))
        listen("run_interrupted", {"way_on": "go on with: microplex-spec resume [x]"})
    text = out.getvalue()
    assert "+ load:survey" in text and "go on with: microplex-spec resume [x]" in text


def test_memory_in_use_is_that_of_this_process_at_least():
    assert memory_used() > 10_000_000
