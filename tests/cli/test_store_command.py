"""microplex-spec store: what ls, gc and verify print and remove, on the store of a real small build."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from small_project import SmallProject

from microplex_spec.cli import main
from microplex_spec.execute.store import STORE_VERSION, Store
from microplex_spec.execute.upkeep import artifacts

FEW = ("spec=small", "scale=smoke", "scale.households=60")


@pytest.fixture(scope="module")
def built_project(small_project_template: SmallProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project after two builds, of which the second has its own draws."""
    root = tmp_path_factory.mktemp("stored") / "project"
    shutil.copytree(small_project_template.root, root)
    for seed in ("1", "2"):
        assert main(["build", "--project", str(root), *FEW, f"seed={seed}"]) == 0
    return root


@pytest.fixture
def here(built_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    """A copy of it as the working folder."""
    shutil.copytree(built_project, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return SmallProject(tmp_path / "project")


def store_of(small: SmallProject) -> Store:
    return Store.of(small.project)


def newest_run(small: SmallProject) -> Path:
    return max((small.root / "runs" / "small").iterdir(), key=lambda run: (run / "plan.json").stat().st_mtime)


def test_ls_lists_every_artifact_with_its_size_and_the_total(here, capsys):
    assert main(["store", "ls"]) == 0
    lines = capsys.readouterr().out.splitlines()
    found = artifacts(store_of(here))
    assert len(lines) == len(found) + 1
    for line, artifact in zip(lines, found, strict=False):
        assert artifact.key[:12] in line and "used " in line and "made " in line
    assert lines[-1].startswith(f"runs/.store: {len(found)} artifacts, ")


def test_ls_tells_of_other_versions_and_half_made_folders(here, capsys):
    folder = here.project.store / f"v{STORE_VERSION - 1}"
    folder.mkdir()
    (store_of(here).folder / "making-0123-abcdef").mkdir()
    assert main(["store", "ls"]) == 0
    told = capsys.readouterr().out
    assert f"runs/.store/{folder.name} (0 B) is of another version of the store: not read" in told
    assert "1 folder half made by killed builds, which gc removes" in told


def test_gc_keeps_what_the_runs_use_and_the_next_build_reuses_it(here, capsys):
    before = artifacts(store_of(here))
    assert main(["store", "gc"]) == 0
    assert "removed 0 artifacts" in capsys.readouterr().out
    assert len(artifacts(store_of(here))) == len(before)
    shutil.rmtree(newest_run(here))
    assert main(["store", "gc", "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "would remove" in told and len(artifacts(store_of(here))) == len(before)
    assert main(["store", "gc"]) == 0
    after = artifacts(store_of(here))
    assert f"removed {len(before) - len(after)} artifacts" in capsys.readouterr().out
    assert 0 < len(after) < len(before)
    assert main(["build", *FEW, "seed=1"]) == 0
    manifest = json.loads((newest_run(here) / "manifest.json").read_text(encoding="utf-8"))
    done = [step["id"] for step in manifest["steps"] if step["status"] == "done"]
    assert done == ["evaluate:small", "export:small", "report:small"]


def test_gc_of_the_newest_run_leaves_only_what_it_was_planned_with(here, capsys):
    assert main(["store", "gc", "--keep-runs", "1"]) == 0
    steps = json.loads((newest_run(here) / "plan.json").read_text(encoding="utf-8"))["steps"]
    assert {a.key for a in artifacts(store_of(here))} == {step["key"] for step in steps if step["checkpoint"]}
    capsys.readouterr()
    assert main(["store", "gc", "--keep-runs", "0", "--keep-days", "1"]) == 0
    assert "removed 0 artifacts" in capsys.readouterr().out
    assert main(["store", "gc", "--keep-runs", "0"]) == 0
    assert not artifacts(store_of(here))


def test_keep_days_counts_from_the_last_use(here):
    old = artifacts(store_of(here))[0]
    long_ago = time.time() - 10 * 86_400
    os.utime(store_of(here).path(old.key) / "artifact.json", (long_ago, long_ago))
    assert main(["store", "gc", "--keep-runs", "0", "--keep-days", "11"]) == 0
    assert old.key in store_of(here)
    assert main(["store", "gc", "--keep-runs", "0", "--keep-days", "9"]) == 0
    assert old.key not in store_of(here) and artifacts(store_of(here))


def test_gc_tells_of_a_plan_that_cannot_be_read(here, capsys):
    (newest_run(here) / "plan.json").write_text("{", encoding="utf-8")
    assert main(["store", "gc", "--dry-run"]) == 0
    assert f"runs/small/{newest_run(here).name}/plan.json cannot be read" in capsys.readouterr().out


def test_verify_exits_with_1_where_something_is_damaged_and_repair_lets_a_build_mend_it(here, capsys):
    assert main(["store", "verify"]) == 0
    assert ", 0 damaged" in capsys.readouterr().out
    store = store_of(here)
    steps = json.loads((newest_run(here) / "plan.json").read_text(encoding="utf-8"))["steps"]
    key = next(step["key"] for step in steps if step["id"] == "impute:dividends")
    column = store.path(key) / "column.parquet"
    whole = column.read_bytes()
    column.write_bytes(whole[:100] + bytes([whole[100] ^ 4]) + whole[101:])
    assert main(["store", "verify"]) == 1
    told = capsys.readouterr().out
    assert f"{key[:12]}: column.parquet is not what was written" in told and ", 1 damaged; --repair" in told
    assert main(["store", "verify", "--repair"]) == 0
    assert "1 removed, which the next build makes again" in capsys.readouterr().out
    assert key not in store
    assert main(["build", *FEW, "seed=2"]) == 0
    assert column.read_bytes() == whole
    assert main(["store", "verify"]) == 0


def test_a_record_that_cannot_be_read_is_damage_and_no_traceback(here, capsys):
    store = store_of(here)
    key = artifacts(store)[0].key
    (store.path(key) / "artifact.json").write_bytes(b"\x00\xff{")
    assert main(["store", "ls"]) == 0
    assert "(unknown step)" in capsys.readouterr().out
    assert main(["store", "verify"]) == 1
    assert "artifact.json cannot be read" in capsys.readouterr().out
    assert main(["store", "gc"]) == 0


def test_the_store_is_the_given_one_or_the_one_that_the_project_declares(here, capsys):
    shutil.move(here.project.store, here.root / "elsewhere")
    assert main(["store", "ls", "--store", "elsewhere"]) == 0
    assert "elsewhere: " in capsys.readouterr().out
    conf = here.root / "conf" / "build.yaml"
    conf.write_text(conf.read_text(encoding="utf-8").replace("store: null", "store: elsewhere"), encoding="utf-8")
    assert main(["store", "ls"]) == 0
    assert f"elsewhere: {len(artifacts(Store(here.root / 'elsewhere')))} artifacts" in capsys.readouterr().out
    assert main(["store", "gc", "--dry-run"]) == 0
    assert "runs of other projects are not looked at" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "ls|gc|verify (see microplex-spec store --help)"),
        (["list"], "invalid choice: 'list'"),
        (["ls", "--repair"], "unrecognized arguments: --repair"),
        (["gc", "--keep-runs", "-1"], "--keep-runs"),
        (["gc", "--keep-days", "few"], "'few' is no whole number of at least 0 (see microplex-spec store gc --help)"),
        (["ls", "--store", "nowhere"], "nowhere is no store: there is no such folder"),
    ],
)
def test_a_wrong_call_exits_with_2(here, capsys, arguments, told):
    before = {artifact.key for artifact in artifacts(store_of(here))}
    assert main(["store", *arguments]) == 2
    error = capsys.readouterr().err
    assert told in error and "nothing was written" in error
    assert {artifact.key for artifact in artifacts(store_of(here))} == before


def test_a_project_that_was_never_built_has_an_empty_store(small_project, monkeypatch, capsys):
    monkeypatch.chdir(small_project.root)
    for action in ("ls", "gc", "verify"):
        assert main(["store", action]) == 0
    assert "0 artifacts" in capsys.readouterr().out
    assert not small_project.project.store.exists()
