"""Steps in parts: which rows each takes, what the store already holds, and halving after too much memory."""

from hypothesis import given
from hypothesis import strategies as st

from microplex_spec.execute.jobs import Job, parts_of
from microplex_spec.execute.outcome import Outcome
from microplex_spec.execute.parts import Parts
from microplex_spec.execute.store import Store
from microplex_spec.plan import Step


def step(rows: int, size: int) -> Step:
    batch = {"households": size, "of": rows}
    return Step("simulate:x", "simulate", "x", {}, (), ("columns",), f"{rows}-{size}", batch=batch)


@given(st.integers(1, 500), st.integers(1, 500))
def test_parts_cover_every_row_once(rows, size):
    parts = parts_of(step(rows, size))
    if rows <= size:
        assert parts == []
    else:
        assert [row for part in parts for row in range(*part.rows)] == list(range(rows))
        assert all(0 < last - first <= size for first, last in (part.rows for part in parts))


@given(st.integers(0, 100), st.integers(1, 100))
def test_halves_cover_the_part(first, length):
    halves = list(Job(step(300, 10), (first, first + length)).halves())
    assert [row for half in halves for row in range(*half.rows)] == list(range(first, first + length))


def test_parts_that_the_store_holds_are_not_made_again(tmp_path):
    store, whole = Store(tmp_path), step(10, 4)
    first = parts_of(whole)[0]
    store.commit(first.key, store.fresh(first.key), {})
    parts = Parts(whole)
    job = parts.next(store)
    assert job is not None and job.rows == (4, 8)
    assert parts.made == [first.key]


def test_the_whole_is_joined_only_after_its_last_part(tmp_path):
    store, parts = Store(tmp_path), Parts(step(10, 5))
    jobs = []
    while (job := parts.next(store)) is not None:
        parts.start(job)
        jobs.append(job)
    assert [job.rows for job in jobs] == [(0, 5), (5, 10)]
    for job in jobs:
        assert parts.next(store) is None
        parts.finish(job)
    last = parts.next(store)
    assert last is not None and last.rows is None


def test_what_has_not_started_is_halved(tmp_path):
    parts = Parts(step(12, 4))
    job = parts.next(Store(tmp_path))
    assert job is not None
    parts.start(job)
    parts.add(Outcome(seconds=2.0, peak_bytes=9))
    assert parts.halve()
    assert [job.rows for job in parts.pending] == [(4, 6), (6, 8), (8, 10), (10, 12)]
