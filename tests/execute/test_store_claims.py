"""Several builds on one store: one makes an artifact, the others wait for it, and a kill frees what was held."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from microplex_spec.execute.locks import is_held, take, take_if_free
from microplex_spec.execute.store import Store

KEY, OTHER = "ab" + "0" * 62, "cd" + "0" * 62

# Makes the artifact if it is not there, a while after it looked; says whether it did.
MAKE = """
import sys, time
from pathlib import Path
from microplex_spec.execute.store import Store
store, key = Store(Path(sys.argv[1])), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
with store.holding([key]), store.making(key):
    if store.intact(key):
        print("found")
    else:
        with store.writing(key) as out:
            (out / "values.txt").write_text("x" * 1000)
            time.sleep(0.2)
            store.commit(key, out, {})
        print("made")
"""

# Holds, claims and half makes an artifact until it is killed.
HANG = """
import sys, time
from pathlib import Path
from microplex_spec.execute.store import Store
store, key = Store(Path(sys.argv[1])), sys.argv[2]
with store.holding([key]), store.making(key), store.writing(key) as out:
    (out / "values.txt").write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def start(code: str, store: Store, key: str = KEY) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(store.root), key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


@contextmanager
def hanging(store: Store) -> Iterator[subprocess.Popen[str]]:
    process = start(HANG, store)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def put(store: Store, key: str = KEY) -> Path:
    with store.writing(key) as out:
        (out / "values.txt").write_text("whole", encoding="utf-8")
        return store.commit(key, out, {})


def test_of_several_processes_that_want_an_artifact_one_makes_it(store):
    processes = [start(MAKE, store) for _ in range(4)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = sorted(process.communicate(timeout=60)[0] for process in processes)
    assert said == ["found\n", "found\n", "found\n", "made\n"]
    assert store.intact(KEY)
    assert not list(store.folder.glob("making-*")) and not list((store.folder / "claims").iterdir())


def test_a_claim_is_refused_while_another_process_has_it_and_says_who(store):
    with hanging(store) as process:
        assert store.claim(KEY) is None
        assert store.claimed_by(KEY).startswith(f"process {process.pid} on ")
        other = store.claim(OTHER)
        assert other is not None
        other.release()
    again = store.claim(KEY)
    assert again is not None
    again.release()
    assert store.claimed_by(KEY) == "another build"


def test_a_killed_process_lets_go_of_what_it_held(store):
    with hanging(store) as process:
        (lease,) = (store.folder / "builds").iterdir()
        assert is_held(lease)
        waiting = threading.Thread(target=lambda: store.making(KEY).__enter__())
        waiting.start()
        time.sleep(0.1)
        assert waiting.is_alive()
        process.kill()
        waiting.join(timeout=30)
        assert not waiting.is_alive()
    assert not is_held(lease) and not lease.exists()


def test_threads_of_one_process_wait_for_each_other_too(store):
    inside, most = 0, 0

    def make() -> None:
        nonlocal inside, most
        for _ in range(20):
            with store.making(KEY):
                inside += 1
                most = max(most, inside)
                time.sleep(0.0005)
                inside -= 1

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert most == 1 and inside == 0


def test_two_builds_that_want_the_same_two_artifacts_in_opposite_order_both_end(tmp_path):
    def build(keys: list[str]) -> None:
        store = Store(tmp_path)
        for key in keys:
            with store.making(key):
                if not store.intact(key):
                    put(store, key)

    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(build, keys) for keys in ([KEY, OTHER], [OTHER, KEY])]
        assert [end.result(timeout=30) for end in ends] == [None, None]
    assert Store(tmp_path).intact(KEY) and Store(tmp_path).intact(OTHER)


def test_a_lock_file_that_nobody_holds_is_harmless(store):
    (store.folder / "claims").mkdir(parents=True)
    (store.folder / "claims" / KEY).write_text("process 1 on nowhere", encoding="utf-8")
    claim = store.claim(KEY)
    assert claim is not None and store.claim(KEY) is None
    claim.release()
    assert not claim.path.exists()


def test_whoever_waited_holds_a_lock_that_others_see(tmp_path):
    path = tmp_path / "lock"
    first, got = take(path), []
    waiting = threading.Thread(target=lambda: got.append(take(path)))
    waiting.start()
    time.sleep(0.05)
    first.release()
    waiting.join(timeout=30)
    assert path.exists() and take_if_free(path) is None
    got[0].release()
    assert not path.exists() and not is_held(path)


def test_a_claim_ends_with_a_step_that_fails(store):
    with pytest.raises(ZeroDivisionError), store.making(KEY):
        raise ZeroDivisionError
    claim = store.claim(KEY)
    assert claim is not None
    claim.release()
