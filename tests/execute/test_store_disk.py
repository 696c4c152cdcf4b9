"""A store on a disk that is full or read-only: told in plain words, nothing half made left, what stands intact."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from small_builds import build_small, fresh_copy, plan_small, run_plan

from microplex_spec.execute.disk import DiskFault
from microplex_spec.execute.store import Store
from microplex_spec.execute.upkeep import artifacts, collect, half_made

KEY, OTHER = "ab" + "0" * 62, "cd" + "0" * 62
FEW = 60


def mount(*arguments: str) -> None:
    """Mount as told, or skip the test where that is not permitted."""
    try:
        done = subprocess.run(["mount", *arguments], check=False, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode:
        pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of half a megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def read_only(disk: Path) -> None:
    mount("-o", "remount,ro", str(disk))


def fill(disk: Path) -> None:
    """Leave not a single byte."""
    with (disk / "ballast").open("wb", buffering=0) as stream:
        try:
            while stream.write(b"x" * 4096):
                pass
        except OSError:
            return


def put(store: Store, key: str = KEY, size: int = 1000) -> Path:
    with store.writing(key) as out:
        (out / "values.bin").write_bytes(os.urandom(size))
        return store.commit(key, out, {"rows": 3})


def write_parquet(out: Path) -> None:
    pd.DataFrame({"x": np.random.default_rng(0).random(200_000)}).to_parquet(out / "column.parquet")


def write_npz(out: Path) -> None:
    sparse.save_npz(out / "matrix.npz", sparse.random(2_000, 2_000, 0.1, "csr", random_state=0))


def write_npy(out: Path) -> None:
    np.save(out / "values.npy", np.random.default_rng(0).random(200_000))


def write_csv(out: Path) -> None:
    pd.DataFrame({"x": np.random.default_rng(0).random(50_000)}).to_csv(out / "table.csv")


def write_bytes(out: Path) -> None:
    (out / "values.bin").write_bytes(bytes(1_000_000))


@pytest.mark.parametrize("write", [write_parquet, write_npz, write_npy, write_csv, write_bytes])
def test_a_full_disk_is_told_with_its_folder_and_the_space_whatever_was_writing(disk, write: Callable[[Path], None]):
    store = Store(disk)
    kept = put(store)
    with pytest.raises(DiskFault) as fault, store.writing(OTHER) as out:
        write(out)
        store.commit(OTHER, out, {})
    plain = f"no space left in {re.escape(str(disk))}: more than [0-9]+ [kM]?B needed, [0-9]+ k?B left; make room"
    assert re.match(plain, str(fault.value)), str(fault.value)
    assert OTHER not in store and not store.path(OTHER).exists()
    assert not list(store.folder.glob("making-*"))
    assert store.intact(KEY) and store.record(KEY) == {"rows": 3} and kept.is_dir()
    put(store, OTHER)
    assert store.intact(OTHER)


def test_a_disk_without_a_byte_left_still_gives_what_it_has(disk):
    store = Store(disk)
    put(store)
    fill(disk)
    with store.holding([KEY, OTHER]), store.making(KEY):
        assert store.intact(KEY)
        store.touch(KEY)
    with pytest.raises(DiskFault, match="no space left"), store.holding([OTHER]), store.making(OTHER):
        put(store, OTHER)
    assert OTHER not in store and not half_made(store) and store.intact(KEY)
    assert len(collect(store, {KEY}).artifacts) == 0
    assert len(collect(store, set()).artifacts) == 1


def test_a_damaged_artifact_that_cannot_be_replaced_for_want_of_space_stays_damaged(disk):
    store = Store(disk)
    (put(store) / "values.bin").write_bytes(b"other")
    fill(disk)
    with pytest.raises(DiskFault, match="no space left"):
        put(store)
    assert not store.intact(KEY) and not half_made(store)


def test_a_read_only_store_gives_what_it_has_and_says_what_it_cannot(disk):
    store = Store(disk)
    put(store)
    read_only(disk)
    with store.holding([KEY]), store.making(KEY):
        assert store.intact(KEY) and store.record(KEY) == {"rows": 3}
        store.touch(KEY)
    claim = store.claim(OTHER)
    assert claim is not None
    claim.release()
    with pytest.raises(DiskFault, match=f"^{re.escape(str(disk))} is read-only; give another folder"):
        put(store, OTHER)
    with pytest.raises(DiskFault, match="is read-only"):
        collect(store, set())
    assert len(collect(store, set(), dry_run=True).artifacts) == 1
    assert [artifact.key for artifact in artifacts(store)] == [KEY] and not half_made(store)


def test_a_file_where_the_store_should_be_is_told(tmp_path):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(DiskFault, match="a file stands where a folder should be"):
        put(Store(tmp_path / "file"))
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_faults_that_are_not_about_the_store_keep_their_own_words(tmp_path):
    store = Store(tmp_path / "store")
    with pytest.raises(FileNotFoundError, match=r"source\.csv"), store.writing(KEY):
        (tmp_path / "source.csv").read_text(encoding="utf-8")


def test_a_build_on_a_full_disk_fails_in_plain_words_and_goes_on_once_there_is_room(built, disk, tmp_path):
    small = fresh_copy(built.small, tmp_path / "project")
    small.project.runs.mkdir(exist_ok=True)
    small.project.store.symlink_to(disk)
    plan = plan_small(small, households=FEW)
    (disk / "ballast").write_bytes(bytes(420_000))
    failed = run_plan(small, plan)
    assert failed.result.status == failed.json("manifest.json")["status"] == "failed"
    assert all(re.search("(?i)no space left", text) for text in failed.result.failures.values()), failed.result.failures
    store = Store(small.project.store)
    assert failed.result.failures and not half_made(store)
    assert all(store.intact(artifact.key) for artifact in artifacts(store))
    (disk / "ballast").unlink()
    mount("-o", "remount,size=64m", str(disk))
    again = build_small(small, households=FEW)
    assert again.result.status == "done", again.result.failures
    reused = [step for step, status in again.statuses().items() if status == "reused"]
    assert set(reused) == {step.id for step in plan if failed.statuses()[step.id] == "done" and step.checkpoint}
