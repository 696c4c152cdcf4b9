"""Real builds on a store that was damaged, or that another build uses at the same time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_builds import Build, build_small, fresh_copy

from microplex_spec.execute.store import Store
from microplex_spec.execute.upkeep import artifacts, damaged, half_made

FEW = 60
RESULTS = ("tables/household.parquet", "tables/tax_unit.parquet", "tables/person.parquet", "targets.csv")

BUILD = """
import sys
from pathlib import Path
from microplex_spec import compile_plan, execute, load_spec
from microplex_spec.spec.choices import Choices, Scale
from microplex_spec.spec.project import Project
project = Project(Path(sys.argv[1]))
plan = compile_plan(load_spec("small", project), Choices(spec="small", scale=Scale(name="test", households=60)))
print("ready", flush=True)
sys.stdin.readline()
print(execute(plan, project=project).folder)
"""


@pytest.fixture(scope="module")
def few(built: Build, tmp_path_factory: pytest.TempPathFactory) -> Build:
    return build_small(fresh_copy(built.small, tmp_path_factory.mktemp("few") / "project"), households=FEW)


def same_results(folder: os.PathLike[str] | str, other: Build) -> bool:
    return all(
        (other.folder.joinpath(folder) / file).read_bytes() == (other.folder / file).read_bytes() for file in RESULTS
    )


@pytest.mark.parametrize("damage", ["flipped", "truncated", "emptied", "missing", "record"])
def test_every_artifact_that_was_damaged_is_made_again_with_the_same_bytes(few, damage):
    store = Store(few.small.project.store)
    for artifact in artifacts(store):
        about = store.about(artifact.key)
        victim = store.path(artifact.key) / ("artifact.json" if damage == "record" else sorted(about["files"])[0])
        whole = victim.read_bytes()
        middle = len(whole) // 2
        if damage == "missing":
            victim.unlink()
        elif damage == "flipped":
            victim.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        else:
            victim.write_bytes(b"" if damage == "emptied" else whole[:middle])
    again = build_small(few.small, households=FEW)
    assert again.result.status == "done", again.result.failures
    assert set(again.statuses().values()) == {"done"}
    assert {event["step"] for event in again.events("artifact_damaged")} == {s.id for s in again.plan if s.checkpoint}
    assert same_results(again.folder, few)
    assert not list(damaged(store)) and not half_made(store)


def steps_made(run: Path) -> set[str]:
    steps = json.loads((run / "manifest.json").read_text(encoding="utf-8"))["steps"]
    return {step["id"] for step in steps if step["status"] == "done"}


def test_builds_at_once_on_one_store_both_end_with_the_same_bytes(few, tmp_path):
    small = fresh_copy(few.small, tmp_path / "project")
    call = [sys.executable, "-c", BUILD, str(small.root)]
    builds = [subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for build in builds:
        assert build.stdout is not None and build.stdout.readline() == "ready\n"
    for build in builds:
        assert build.stdin is not None
        build.stdin.write("go\n")
        build.stdin.flush()
    folders = [build.communicate(timeout=120)[0].strip() for build in builds]
    assert [build.returncode for build in builds] == [0, 0] and len(set(folders)) == 2
    assert all(same_results(folder, few) for folder in folders)
    made = [steps_made(Path(folder)) for folder in folders]
    kept = {step.id for step in few.plan if step.checkpoint}
    assert not made[0] & made[1] & kept and kept <= made[0] | made[1]
    store = Store(small.project.store)
    assert not list(damaged(store)) and not half_made(store)
    assert len(artifacts(store)) == len([step for step in few.plan if step.checkpoint])
