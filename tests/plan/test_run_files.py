"""Files of a run folder that are missing, unreadable or damaged: one SpecError that names the file."""

import json
from pathlib import Path

import pytest

from microplex_spec.plan.run_files import read_manifest, read_object, reading
from microplex_spec.spec.errors import SpecError

WHOLE = {"status": "done", "spec": "s", "seed": 1, "versions": {}, "inputs": [], "headline": {}, "steps": []}


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"3", b"\xff\xfe\x00"])
def test_what_is_no_json_object_is_told_with_its_name(tmp_path: Path, content: bytes):
    (tmp_path / "weights.json").write_bytes(content)
    with pytest.raises(SpecError, match=r"weights\.json is no part of a run, or damaged"):
        read_object(tmp_path / "weights.json")


def test_a_file_that_is_not_there_or_is_a_folder_is_told(tmp_path: Path):
    with pytest.raises(SpecError, match="No such file"):
        read_object(tmp_path / "weights.json")
    (tmp_path / "weights.json").mkdir()
    with pytest.raises(SpecError, match="Is a directory"):
        read_object(tmp_path / "weights.json")


@pytest.mark.parametrize("lost", sorted(WHOLE))
def test_a_manifest_that_lacks_what_every_manifest_tells_is_refused(tmp_path: Path, lost: str):
    kept = {name: value for name, value in WHOLE.items() if name != lost}
    (tmp_path / "manifest.json").write_text(json.dumps(kept), encoding="utf-8")
    with pytest.raises(SpecError, match=f"does not tell its {lost}"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps(WHOLE), encoding="utf-8")
    assert read_manifest(tmp_path) == WHOLE


def test_a_missing_key_is_named(tmp_path: Path):
    with pytest.raises(SpecError, match="it lacks 'edges'"), reading(tmp_path / "x.json"):
        raise KeyError("edges")
