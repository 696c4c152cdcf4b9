"""Sweeps: folders that never meet, members that are missing built later, faults told, the figure given to sweepers."""

import json
import shutil

import pytest
from small_project import SmallProject

from microplex_spec.cli import main
from microplex_spec.cli.sweep import new_sweep, objective
from microplex_spec.spec.errors import SpecError

FEW = ("spec=small", "scale=smoke", "scale.households=60")


@pytest.fixture
def here(small_project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    monkeypatch.chdir(small_project.root)
    return small_project


def only_sweep(here: SmallProject):
    (sweep,) = (here.root / "runs" / "sweeps").iterdir()
    return sweep


def test_sweeps_that_start_in_one_second_have_folders_of_their_own(here):
    folders = {new_sweep(here.project, ["-m", "seed=1,2"])[0].folder for _ in range(5)}
    assert len(folders) == 5 and all(folder.is_dir() for folder in folders)


def test_resuming_a_sweep_builds_only_what_is_missing(here, capsys):
    assert main(["build", "-m", *FEW, "seed=1,2,3"]) == 0
    sweep = only_sweep(here)
    finished = (sweep / "0" / "manifest.json").read_bytes()
    whole = (sweep / "1" / "targets.csv").read_bytes()
    shutil.rmtree(sweep / "2")
    manifest = json.loads((sweep / "1" / "manifest.json").read_text(encoding="utf-8"))
    (sweep / "1" / "manifest.json").write_text(json.dumps({**manifest, "status": "failed"}), encoding="utf-8")
    (sweep / "1" / "targets.csv").unlink()
    assert main(["build", "-m", "--resume", sweep.name]) == 0
    assert only_sweep(here) == sweep
    assert (sweep / "0" / "manifest.json").read_bytes() == finished
    assert (sweep / "1" / "targets.csv").read_bytes() == whole
    assert json.loads((sweep / "2" / "manifest.json").read_text(encoding="utf-8"))["seed"] == 3
    assert f"sweep {sweep.name}: 3 of 3 done" in capsys.readouterr().out


def test_a_member_that_was_at_fault_is_built_once_its_spec_is_mended(here, capsys):
    shutil.copytree(here.spec_folder, here.spec_folder.parent / "other")
    here.edit("variables/imputed.yaml", "regime: three_sign", "regime: three_signs")
    assert main(["build", "-m", "spec=small,other", *FEW[1:]]) == 2
    told = capsys.readouterr().err
    assert told.count("(did you mean 'three_sign'?)") == 2 and "1 of 2 members of the sweep were not built" in told
    here.edit("variables/imputed.yaml", "regime: three_signs", "regime: three_sign")
    assert main(["build", "-m", "--resume", only_sweep(here).name]) == 0
    assert not list(only_sweep(here).glob("*/fault.txt"))


def test_a_wrong_call_leaves_no_sweep(here):
    assert main(["build", "-m", *FEW, "seeed=1,2"]) == 2
    assert list((here.root / "runs" / "sweeps").iterdir()) == []


def test_a_sweep_that_is_not_there_or_is_called_otherwise_is_told(here, capsys):
    assert main(["build", "-m", "--resume", "20200101"]) == 2
    assert "no sweep '20200101' under runs/sweeps" in capsys.readouterr().err
    assert main(["build", "-m", *FEW, "seed=1"]) == 0
    assert main(["build", "-m", "--resume", only_sweep(here).name, "seed=2"]) == 2
    assert "'seed=2' cannot be added" in capsys.readouterr().err


def test_the_objective_is_any_figure_of_the_run(here):
    assert main(["build", *FEW]) == 0
    (run,) = (here.root / "runs" / "small").iterdir()
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    headline = manifest["headline"]
    weights = json.loads((run / "weights.json").read_text(encoding="utf-8"))
    assert objective(run, "ess_share") == headline["ess_share"]
    assert objective(run, "max_ratio") == weights["max_ratio"] and objective(run, "ess") == weights["ess"]
    with pytest.raises(SpecError, match="the run has no figure 'ess_shar'"):
        objective(run, "ess_shar")
    told = {**manifest, "headline": {**headline, "benchmarks": {"eitc": -0.2, "snap": 0.1, "tax": None}}}
    (run / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
    assert objective(run, "benchmark.eitc") == 0.2 and objective(run, "benchmarks") == pytest.approx(0.15)


def test_an_objective_that_no_run_has_is_told_before_anything_is_built(here, capsys):
    assert main(["build", "-m", *FEW, "seed=1,2", "objective=ess_shar"]) == 2
    assert "'ess_shar' is no figure of a run (did you mean 'ess_share'?)" in capsys.readouterr().err
    assert not (here.root / "runs" / "sweeps").exists()


@pytest.mark.parametrize("objective, right", [("ess_share", "maximize"), ("benchmarks", "minimize")])
def test_a_search_for_the_worst_is_refused_before_anything_is_made(here, capsys, objective, right):
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="the extra 'sweep' is not installed")
    wrong = "minimize" if right == "maximize" else "maximize"
    search = ["hydra/sweeper=optuna", f"hydra.sweeper.direction={wrong}", "seed=range(1,3)"]
    assert main(["build", "-m", *FEW, *search, f"objective={objective}"]) == 2
    assert f"hydra.sweeper.direction={right}" in capsys.readouterr().err
    assert not (here.root / "runs" / "sweeps").exists()


def test_a_folder_that_holds_another_sweep_is_refused_unchanged(here, capsys):
    named = "hydra.sweep.dir=runs/sweeps/mine"
    assert main(["build", "-m", *FEW, "seed=1", named]) == 0
    sweep = only_sweep(here)
    before = {path: path.stat().st_mtime_ns for path in sweep.rglob("*")}
    assert main(["build", "-m", *FEW, "seed=2", named]) == 2
    assert "holds another sweep" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in sweep.rglob("*")} == before
    # The same call again is the same sweep.
    assert main(["build", "-m", *FEW, "seed=1", named]) == 0


def test_members_of_one_folder_are_told_not_lost(here, capsys):
    assert main(["build", "-m", *FEW, "seed=1,2", "hydra.sweep.subdir=fixed"]) == 2
    told = capsys.readouterr().err
    assert "holds a run of" in told and "hydra.sweep.subdir" in told
    manifest = json.loads((only_sweep(here) / "fixed" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["seed"] == 1 and manifest["status"] == "done"


def test_a_relative_folder_is_the_projects_wherever_it_is_called(here, monkeypatch):
    monkeypatch.chdir(here.root / "conf")
    assert main(["build", "-m", *FEW, "seed=1", "hydra.sweep.dir=runs/sweeps/mine"]) == 0
    assert (only_sweep(here) / "0" / "manifest.json").is_file()
    assert not (here.root / "conf" / "runs").exists()


@pytest.mark.parametrize("seeded", [True, False])
def test_a_search_is_gone_on_with_only_where_it_repeats_itself(here, capsys, seeded):
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="the extra 'sweep' is not installed")
    search = ["hydra/sweeper=optuna", "hydra.sweeper.n_trials=2", "hydra.sweeper.n_jobs=1"]
    search += ["hydra.sweeper.sampler.seed=1"] if seeded else []
    assert main(["build", "-m", *FEW, *search, "seed=range(1,100000)"]) == 0
    sweep = only_sweep(here)
    finished = {n: (sweep / n / "manifest.json").read_bytes() for n in ("0", "1")}
    shutil.rmtree(sweep / "1")
    capsys.readouterr()
    assert main(["build", "-m", "--resume", sweep.name]) == (0 if seeded else 2)
    assert (sweep / "0" / "manifest.json").read_bytes() == finished["0"]
    if seeded:
        again = json.loads((sweep / "1" / "manifest.json").read_text(encoding="utf-8"))
        assert again["seed"] == json.loads(finished["1"])["seed"]
    else:
        assert "hydra.sweeper.sampler.seed" in capsys.readouterr().err
        assert not (sweep / "1").exists()


def test_a_member_that_fails_in_the_optimiser_stops_no_other(here, capsys):
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="the extra 'sweep' is not installed")
    search = [
        "hydra/sweeper=optuna",
        "hydra/sweeper/sampler=grid",
        "hydra.sweeper.n_trials=2",
        "hydra.sweeper.n_jobs=1",
    ]
    assert main(["build", "-m", *FEW[1:], *search, "spec=choice(nosuch,small)"]) == 2
    assert "1 of 2 members of the sweep were not built" in capsys.readouterr().err
    best = (only_sweep(here) / "optimization_results.yaml").read_text(encoding="utf-8")
    assert "spec: small" in best and "inf" not in best


def test_a_member_that_cannot_be_written_stops_no_other(here, capsys):
    sweep = here.root / "runs" / "sweeps" / "mine"
    (sweep / "0" / "spec.lock.yaml").mkdir(parents=True)
    assert main(["build", "-m", *FEW, "seed=1,2", "hydra.sweep.dir=runs/sweeps/mine"]) == 2
    assert (sweep / "1" / "targets.csv").is_file()
    assert "member 0 was not built" in capsys.readouterr().err


def test_a_wrong_call_takes_nothing_from_a_folder_that_the_user_named(here):
    mine = here.root / "mine"
    mine.mkdir()
    (mine / "kept.txt").write_text("kept", encoding="utf-8")
    assert main(["build", "-m", *FEW, "seeed=1,2", "hydra.sweep.dir=mine"]) == 2
    assert (mine / "kept.txt").read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize("call", ["3", "[1]", '{"a": 1}', "[", ""])
def test_a_sweep_of_plain_hydra_or_with_a_damaged_call_is_told(here, capsys, call):
    folder = here.root / "runs" / "sweeps" / "plain"
    (folder / "0" / ".hydra").mkdir(parents=True)
    if call:
        (folder / "call.json").write_text(call, encoding="utf-8")
    assert main(["build", "-m", "--resume", "plain"]) == 2
    assert "is no sweep of build -m: its call was not kept" in capsys.readouterr().err
    assert main(["compare", str(folder)]) == 2
    assert "holds no run" in capsys.readouterr().err


def test_members_share_the_steps_that_they_have_in_common(here):
    assert main(["build", "-m", *FEW, "calibrator=logit,chi2,entropy"]) == 0
    statuses = [
        {step["id"]: step["status"] for step in json.loads(path.read_text(encoding="utf-8"))["steps"]}
        for path in sorted(only_sweep(here).glob("*/manifest.json"))
    ]
    assert statuses[0]["impute:dividends"] == "done" and statuses[0]["calibrate:small"] == "done"
    for member in statuses[1:]:
        assert member["impute:dividends"] == member["targets:small"] == "reused"
        assert member["calibrate:small"] == "done"
