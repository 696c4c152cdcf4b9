"""The targets step in parts: the same files as in one piece, in whatever order the parts are made."""

from dataclasses import replace

import pytest
from small_builds import Build, build_small, fresh_copy, plan_small, run_plan

from microplex_spec.execute.store import Store


@pytest.mark.parametrize("size", [7, 30])
def test_parts_of_households_join_to_the_bytes_of_the_whole(built: Build, tmp_path, size):
    whole = build_small(fresh_copy(built.small, tmp_path / "whole"), households=60)
    small = fresh_copy(built.small, tmp_path / "cut")
    plan = plan_small(small, households=60)
    cut = replace(
        plan,
        steps=tuple(
            replace(step, batch={"households": size, "of": 60}) if step.kind == "targets" else step for step in plan
        ),
    )
    parts = run_plan(small, cut)
    (key,) = (step.key for step in plan if step.kind == "targets")
    folders = [Store(each.small.project.store).path(key) for each in (whole, parts)]
    for name in ("indptr.npy", "indices.npy", "data.npy", "columns.npy", "ledger.parquet"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name
    # More where the process is large already from other work: parts that pass their predicted memory are halved.
    assert len(parts.events("part_finished")) >= -(-60 // size)
    assert (whole.folder / "targets.csv").read_bytes() == (parts.folder / "targets.csv").read_bytes()
