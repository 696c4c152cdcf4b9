"""The artifact store: whole or absent, checked by content, first come first kept."""

import json
from pathlib import Path

import pytest

from microplex_spec.execute.store import Store

KEY = "ab" + "0" * 62


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def put(store: Store, text: str, record: dict | None = None, key: str = KEY) -> Path:
    with store.writing(key) as out:
        (out / "inner").mkdir()
        (out / "inner" / "values.txt").write_text(text, encoding="utf-8")
        return store.commit(key, out, record or {})


def left_over(store: Store) -> list[Path]:
    return list(store.folder.glob("making-*"))


def test_nothing_stands_under_a_key_before_it_is_committed(store):
    with store.writing(KEY) as out:
        (out / "values.txt").write_text("half", encoding="utf-8")
        assert KEY not in store
        assert not store.path(KEY).exists()
        store.commit(KEY, out, {"rows": 3})
        assert KEY in store
    assert store.intact(KEY) and store.record(KEY) == {"rows": 3}
    assert not left_over(store)


def test_a_step_that_fails_leaves_nothing(store):
    with pytest.raises(ZeroDivisionError), store.writing(KEY) as out:
        (out / "values.txt").write_text("half", encoding="utf-8")
        raise ZeroDivisionError
    assert KEY not in store and not left_over(store)
    assert [path for path in store.folder.rglob("*") if path.is_file()] == []


def test_whoever_comes_second_keeps_what_stands(store):
    first = put(store, "first", {"by": "first"})
    assert put(store, "second", {"by": "second"}) == first
    assert (first / "inner" / "values.txt").read_text(encoding="utf-8") == "first"
    assert store.record(KEY) == {"by": "first"}
    assert not left_over(store)


def test_two_writers_at_once_leave_one_whole_artifact(store):
    with store.writing(KEY) as one, store.writing(KEY) as other:
        assert one != other
        for out, text in ((one, "one"), (other, "other")):
            (out / "values.txt").write_text(text, encoding="utf-8")
        assert store.commit(KEY, other, {}) == store.commit(KEY, one, {})
    assert (store.path(KEY) / "values.txt").read_text(encoding="utf-8") == "other"
    assert store.intact(KEY)


@pytest.mark.parametrize("damage", ["changed", "missing", "record", "record_missing"])
def test_damage_of_any_kind_is_noticed_and_mended_by_the_next_writer(store, damage):
    folder = put(store, "whole")
    if damage == "changed":
        (folder / "inner" / "values.txt").write_text("hole", encoding="utf-8")
    elif damage == "missing":
        (folder / "inner" / "values.txt").unlink()
    elif damage == "record":
        (folder / "artifact.json").write_text("{", encoding="utf-8")
    else:
        (folder / "artifact.json").unlink()
    assert not store.intact(KEY)
    assert (KEY in store) == (damage != "record_missing")
    put(store, "whole")
    assert store.intact(KEY)
    assert (folder / "inner" / "values.txt").read_text(encoding="utf-8") == "whole"


def test_every_file_of_an_artifact_has_a_checksum(store):
    put(store, "whole")
    files = json.loads((store.path(KEY) / "artifact.json").read_text(encoding="utf-8"))["files"]
    assert list(files) == ["inner/values.txt"] and len(files["inner/values.txt"]) == 64


def test_what_is_no_key_is_not_in_the_store(store):
    put(store, "whole")
    assert "cd" + "0" * 62 not in store and None not in store and 3 not in store
    assert not store.intact("cd" + "0" * 62)
