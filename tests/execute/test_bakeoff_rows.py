"""Rows of a bakeoff: groups are never divided, scales lie in each other; lines that outlive a kill; own processes."""

import os
import signal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_project import REPOSITORY

from microplex_spec.execute.bakeoff.apart import Failed, apart
from microplex_spec.execute.bakeoff.folder import BakeoffFolder
from microplex_spec.execute.bakeoff.table import Table
from microplex_spec.spec.bakeoffs import find_bakeoff
from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.project import Project


def table(sizes):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    n = len(groups)
    return Table(pd.DataFrame({"id": np.arange(n, dtype=float)}), 1.0 + groups, groups)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=30, max_size=80), st.integers(0, 5), st.integers(20, 60))
def test_no_group_is_divided_and_a_smaller_scale_is_part_of_a_larger(sizes, seed, rows):
    whole = table(sizes)
    try:
        small = whole.split(min(rows, sum(sizes)), 0.3, seed)
    except SpecError as error:
        assert "leaves none" in str(error)
        return
    chosen = {
        side: set(whole.groups[part["id"].astype(int)]) for side, part in (("train", small.train), ("test", small.test))
    }
    assert not chosen["train"] & chosen["test"]
    taken = len(small.train) + len(small.test)
    assert taken == sum(sizes[group] for group in chosen["train"] | chosen["test"])
    assert min(rows, sum(sizes)) - max(sizes) < taken <= rows
    assert (small.test_weights == 1.0 + whole.groups[small.test["id"].astype(int)]).all()
    large = whole.split(sum(sizes), 0.3, seed)
    assert set(small.test["id"]) <= set(large.test["id"]) and set(small.train["id"]) <= set(large.train["id"])


def test_other_seeds_take_other_rows():
    whole = table([2] * 100)
    assert set(whole.split(100, 0.2, 1).test["id"]) != set(whole.split(100, 0.2, 2).test["id"])


def test_more_rows_than_there_are_is_an_error():
    with pytest.raises(SpecError, match="a scale of 201 rows, of which there are 200"):
        table([2] * 100).split(201, 0.2, 1)


def test_a_folder_tells_the_bakeoff_as_it_was_read(tmp_path):
    bakeoff, _ = find_bakeoff(Project(REPOSITORY), "us_cps")
    folder = BakeoffFolder.new(Project(tmp_path), bakeoff, {"cps.csv.gz": "abc"})
    again = BakeoffFolder.new(Project(tmp_path), bakeoff, {})
    assert folder.path != again.path and folder.declared() == (bakeoff, {"cps.csv.gz": "abc"})


def test_a_line_cut_off_by_a_kill_is_replaced_by_the_next(tmp_path):
    folder = BakeoffFolder(tmp_path)
    line = {
        "kind": "method",
        "name": "a",
        "scale": 1,
        "seed": 1,
        "status": "failed",
        "error": "no",
        "score": float("nan"),
    }
    folder.append(line)
    with (tmp_path / "results.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"kind": "me')
    assert [dict(found) for found in folder.results().values()] == [{**line, "score": None}]
    assert folder.done() == set()
    folder.append({**line, "status": "done", "variables": []})
    assert [found["status"] for found in folder.results().values()] == ["done"]
    assert len((tmp_path / "results.jsonl").read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        ("garbage", "Expecting value"),
        ("[1]", "no line"),
        ('{"kind": "method"}', "lacks 'scale'"),
        ("", "Expecting value"),
    ],
)
def test_a_damaged_line_is_told_with_its_number(tmp_path, damaged, message):
    folder = BakeoffFolder(tmp_path)
    line = {"kind": "gate", "name": "a", "scale": 1, "seed": 1, "status": "done", "variables": []}
    folder.append(line)
    with (tmp_path / "results.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(damaged + "\n")
    folder.append({**line, "seed": 2})
    with pytest.raises(SpecError, match=message) as raised:
        folder.results()
    assert f"{tmp_path.name}/results.jsonl:2:1: no line of results" in str(raised.value)
    assert "delete the line, and --resume does its job again" in str(raised.value)


def _end_at_once():
    os.kill(os.getpid(), signal.SIGKILL)


def test_work_that_is_killed_or_raises_is_told_and_leaves_the_caller():
    with pytest.raises(Failed, match="ended by SIGKILL, as for want of memory"):
        apart(_end_at_once)
    assert apart(os.getpid) != os.getpid()
    with pytest.raises(Failed, match="No such file"):
        apart(os.listdir, "/nowhere/at/all")
