"""Upkeep of a store: what gc takes and leaves, what verify finds, and that a running build loses nothing."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from microplex_spec.execute.store import STORE_VERSION, Store
from microplex_spec.execute.upkeep import artifacts, collect, damaged, half_made, keys_of_runs, other_versions

USED, IDLE, PART = ("a" * 64, "b" * 64, "c" * 64)

HALF = """
import sys, time
from pathlib import Path
from microplex_spec.execute.store import Store
store = Store(Path(sys.argv[1]))
with store.holding(sys.argv[2:]):
    (store.fresh("e" * 64) / "values.txt").write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def put(store: Store, key: str, text: str = "whole", **about: str) -> Path:
    with store.writing(key) as out:
        (out / "values.txt").write_text(text, encoding="utf-8")
        return store.commit(key, out, {}, **about)


def keys(store: Store) -> set[str]:
    return {artifact.key for artifact in artifacts(store)}


def build(store: Store, *held: str) -> subprocess.Popen[str]:
    """A build in another process, with something half made, until it is killed."""
    call = [sys.executable, "-c", HALF, str(store.root), *held]
    process = subprocess.Popen(call, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def write_plan(folder: Path, *step_keys: str, age: float = 0.0) -> None:
    folder.mkdir(parents=True)
    plan = folder / "plan.json"
    plan.write_text(json.dumps({"steps": [{"key": key} for key in step_keys]}), encoding="utf-8")
    os.utime(plan, (time.time() - age,) * 2)


def test_the_list_tells_whose_an_artifact_is_and_when_it_was_used(store):
    put(store, IDLE, step="impute:dividends", spec="small")
    put(store, USED, text="longer than that", step="calibrate:small", spec="small")
    long_ago = time.time() - 1000
    os.utime(store.path(IDLE) / "artifact.json", (long_ago, long_ago))
    last, first = artifacts(store)
    assert (last.key, last.step, last.spec) == (USED, "calibrate:small", "small")
    assert (first.step, first.used) == ("impute:dividends", pytest.approx(long_ago, abs=1))
    assert first.made == pytest.approx(time.time(), abs=60)
    assert last.size > first.size > 0
    store.touch(IDLE)
    assert [artifact.key for artifact in artifacts(store)] == [IDLE, USED]
    assert store.intact(IDLE)


def test_gc_removes_what_no_run_wants(store):
    put(store, USED), put(store, IDLE)
    dry = collect(store, {USED}, dry_run=True)
    assert [artifact.key for artifact in dry.artifacts] == [IDLE] and keys(store) == {USED, IDLE}
    done = collect(store, {USED})
    assert [artifact.key for artifact in done.artifacts] == [IDLE] and (done.kept, done.held) == (1, 0)
    assert keys(store) == {USED} and store.intact(USED)
    assert not list(store.folder.glob("removed-*"))


def test_gc_keeps_what_was_used_lately_if_asked(store):
    put(store, USED), put(store, IDLE)
    os.utime(store.path(IDLE) / "artifact.json", (time.time() - 1000,) * 2)
    collect(store, set(), used_since=time.time() - 500)
    assert keys(store) == {USED}


def test_gc_takes_a_part_once_its_whole_stands_and_not_before(store):
    put(store, PART, part_of=USED)
    assert not collect(store, {USED}).artifacts
    put(store, USED)
    assert [artifact.key for artifact in collect(store, {USED}).artifacts] == [PART]
    put(store, PART, part_of=IDLE)
    assert [artifact.key for artifact in collect(store, {USED}).artifacts] == [PART]


def test_gc_leaves_what_a_running_build_holds_until_it_is_gone(store):
    put(store, USED), put(store, PART, part_of="d" * 64)
    process = build(store, USED, "d" * 64)
    try:
        done = collect(store, set())
        assert not done.artifacts and (done.kept, done.held, done.half_made) == (2, 2, [])
        assert len(list(store.folder.glob("making-*"))) == 1
    finally:
        kill(process)
    assert len(half_made(store)) == 1
    done = collect(store, set())
    assert len(done.artifacts) == 2 and done.half_made == [len("half")]
    assert not list(store.folder.glob("making-*")) and not list((store.folder / "builds").iterdir())


def test_gc_leaves_what_a_build_has_claimed(store):
    put(store, USED)
    with store.making(USED):
        assert collect(store, set()).held == 1
    assert collect(store, set()).held == 0 and not keys(store)


def test_gc_leaves_everything_while_a_build_runs_that_could_not_say_what_it_holds(store):
    put(store, IDLE)
    process = build(store, USED)
    try:
        (lease,) = (store.folder / "builds").iterdir()
        lease.write_text("", encoding="utf-8")
        assert collect(store, set()).held == 1
    finally:
        kill(process)


def test_what_a_killed_gc_moved_aside_goes_with_the_next(store):
    put(store, USED)
    store.path(USED).rename(store.folder / "removed-0123")
    assert half_made(store) and len(collect(store, set()).half_made) == 1
    assert not half_made(store)


def test_gc_of_a_store_that_is_not_there_makes_none(store):
    assert collect(store, set()).kept == 0
    assert not store.root.exists()


def test_runs_and_members_of_sweeps_say_which_artifacts_they_use(tmp_path):
    write_plan(tmp_path / "small" / "20260101T000000Z-a", "1", "2", age=300)
    write_plan(tmp_path / "small" / "20260102T000000Z-a", "2", "3", age=200)
    write_plan(tmp_path / "sweeps" / "20260103T000000" / "0", "4", age=100)
    (tmp_path / "small" / "20260104T000000Z-a").mkdir()
    assert keys_of_runs(tmp_path) == ({"1", "2", "3", "4"}, [])
    assert keys_of_runs(tmp_path, newest=2)[0] == {"2", "3", "4"}
    assert keys_of_runs(tmp_path, newest=0)[0] == set()
    broken = tmp_path / "small" / "20260105T000000Z-a"
    write_plan(broken)
    (broken / "plan.json").write_text("{", encoding="utf-8")
    assert keys_of_runs(tmp_path) == ({"1", "2", "3", "4"}, [broken / "plan.json"])


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("flipped", "values.txt is not what was written"),
        ("truncated", "values.txt is not what was written"),
        ("missing", "values.txt is missing"),
        ("record", "artifact.json cannot be read"),
        ("record flipped", "artifact.json cannot be read"),
        ("record a list", "artifact.json cannot be read"),
        ("record binary", "artifact.json cannot be read"),
        ("record missing", "artifact.json cannot be read"),
    ],
)
def test_verify_tells_what_is_damaged_and_removes_it_if_asked(store, damage, told):
    put(store, USED), put(store, IDLE)
    values, record = (store.path(IDLE) / name for name in ("values.txt", "artifact.json"))
    if damage == "flipped":
        values.write_bytes(bytes([values.read_bytes()[0] ^ 1]) + values.read_bytes()[1:])
    elif damage == "truncated":
        values.write_bytes(values.read_bytes()[:-1])
    elif damage == "missing":
        values.unlink()
    elif damage == "record":
        record.write_text("{", encoding="utf-8")
    elif damage == "record flipped":
        record.write_text(record.read_text(encoding="utf-8").replace('"made": 1', '"made": 2'), encoding="utf-8")
    elif damage == "record a list":
        record.write_text("[]", encoding="utf-8")
    elif damage == "record binary":
        record.write_bytes(b"\xff\xfe\x00")
    else:
        record.unlink()
    (found,) = damaged(store)
    assert (found.artifact.key, found.text, found.held) == (IDLE, told, False)
    assert keys(store) == {USED, IDLE}
    assert len(list(damaged(store, repair=True))) == 1
    assert keys(store) == {USED} and not list(damaged(store))
    put(store, IDLE)
    assert store.intact(IDLE)


def test_verify_leaves_what_a_running_build_holds(store):
    (put(store, IDLE) / "values.txt").unlink()
    process = build(store, IDLE)
    try:
        (found,) = damaged(store, repair=True)
        assert found.held and keys(store) == {IDLE}
    finally:
        kill(process)


def test_a_store_of_another_version_is_neither_read_nor_removed(store):
    other = store.root / f"v{STORE_VERSION + 1}" / USED[:2] / USED
    other.mkdir(parents=True)
    (other / "artifact.json").write_text("unknown", encoding="utf-8")
    (store.root / "vault").mkdir()
    put(store, IDLE)
    assert other_versions(store) == [store.root / f"v{STORE_VERSION + 1}"]
    assert USED not in store and keys(store) == {IDLE} and not list(damaged(store))
    collect(store, set())
    assert (other / "artifact.json").read_text(encoding="utf-8") == "unknown"


def test_what_is_no_artifact_is_left_alone(store):
    put(store, USED)
    stray = store.folder / "aa" / "notes.txt"
    stray.write_text("mine", encoding="utf-8")
    collect(store, set())
    assert stray.exists() and not keys(store)
