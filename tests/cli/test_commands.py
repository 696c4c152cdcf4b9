"""The command line: what each command prints, its exit code, and that nothing is written where a call is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_project import SmallProject

from microplex_spec.cli import main

SMALL = ("spec=small", "scale=full")
FEW = ("spec=small", "scale=smoke", "scale.households=60")

FAR_OFF = """\
  - id: small.dividends.amount
    measure: sum(dividends)
    value: 900000000000
    source: {cell: C4, concept: dividends.amount}
  - id: small.dividends.negative
    measure: count()
    unit: count
    where: dividends < 0
    value: 9
    source: {cell: C5, concept: dividends.negative}
"""
FEW_FOR_ALL = """\
  - id: small.population.alaskan_children
    of: person
    measure: count()
    unit: count
    where: state_fips == '02' and age < 18
    value: 200000
    source: {cell: C6, concept: population.alaskan_children}
"""


@pytest.fixture
def here(small_project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    """The small project as the working folder."""
    monkeypatch.chdir(small_project.root)
    return small_project


def listing(root: Path) -> set[str]:
    """Every file and folder but the cache, which is no result."""
    found = {str(path.relative_to(root)) for path in root.rglob("*")}
    return {path for path in found if path != "runs" and not path.startswith("runs/.cache")}


def runs(small: SmallProject) -> list[Path]:
    return sorted((small.root / "runs" / "small").iterdir())


def command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    call = [str(Path(sys.executable).with_name("microplex-spec")), *arguments]
    return subprocess.run(call, check=False, cwd=cwd, capture_output=True, text=True, env=os.environ)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_help_names_every_command(arguments, capsys):
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert all(f"\n  {name} " in text for name in ("validate", "plan", "build", "report"))


@pytest.mark.parametrize("name", ["validate", "plan", "report"])
def test_each_command_has_help_of_its_own(name, capsys):
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    assert f"microplex-spec {name}" in capsys.readouterr().out


def test_validate_counts_what_a_valid_spec_holds(here, capsys):
    assert main(["validate", "spec=small"]) == 0
    text = capsys.readouterr().out
    assert "small is valid: A small second spec" in text
    assert "11 variables: 6 observed, 2 imputed, 2 derived, 1 rate" in text


@pytest.mark.parametrize("arguments", [["small"], ["conf/specs/small"], ["spec=conf/specs/small"]])
def test_a_spec_is_named_or_pointed_at(here, arguments):
    assert main(["validate", *arguments]) == 0


def test_validate_reports_every_fault_with_its_place_and_exits_with_2(here, capsys):
    here.edit("variables/imputed.yaml", "age < 16", "agee < 16")
    here.edit("targets/small/income.yaml", "dividends > 0", "dividendz > 0")
    before = listing(here.root)
    assert main(["validate", "spec=small"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0] == f"{here.at('variables/imputed.yaml', 'agee')}: unknown variable 'agee' (did you mean 'age'?)"
    assert told[1].startswith(f"{here.at('targets/small/income.yaml', 'dividendz')}: unknown variable 'dividendz'")
    assert told[2] == "2 problems; nothing was written"
    assert listing(here.root) == before


def test_plan_shows_a_line_a_step_and_writes_no_run(here, capsys):
    before = listing(here.root)
    assert main(["plan", *SMALL]) == 0
    text = capsys.readouterr().out
    assert "+ impute:dividends" in text and "14 steps to run, 0 reused" in text
    assert listing(here.root) == before


def test_plan_as_json_is_what_a_build_stores(here, capsys):
    assert main(["plan", "--json", *FEW, "seed=3"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["seed"] == 3
    assert main(["build", *FEW, "seed=3"]) == 0
    stored = json.loads((runs(here)[0] / "plan.json").read_text(encoding="utf-8"))
    assert stored["key"] == shown["key"] and stored["steps"] == shown["steps"]


def test_plan_in_full_shows_parameters_and_all_reasons(here, capsys):
    assert main(["plan", *SMALL, "--full", "calibrator=chi2"]) == 0
    text = capsys.readouterr().out
    assert "[chi2]" in text and "asked-for: " in text and "    predictors = " in text


def test_overrides_stand_on_either_side_of_options(here, capsys):
    keys = []
    for arguments in (["--json", *FEW, "seed=3"], [*FEW, "--json", "seed=3"], [*FEW, "seed=3", "--json"]):
        assert main(["plan", *arguments]) == 0
        keys.append(json.loads(capsys.readouterr().out)["key"])
    assert len(set(keys)) == 1


def test_build_takes_overrides_and_leaves_a_run_that_says_so(here, capsys):
    assert main(["build", *FEW, "seed=7", "calibrator=entropy"]) == 0
    text = capsys.readouterr().out
    (run,) = runs(here)
    assert {path.name for path in here.root.iterdir()} == {"conf", "runs", "targets"}
    assert run.name.endswith(json.loads((run / "plan.json").read_text(encoding="utf-8"))["key"][:8])
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["status"], manifest["seed"]) == ("done", 7)
    overrides = (run / ".hydra" / "overrides.yaml").read_text(encoding="utf-8")
    assert "seed=7" in overrides and "calibrator=entropy" in overrides
    assert "name: entropy" in (run / ".hydra" / "config.yaml").read_text(encoding="utf-8")
    for name in ("report.html", "targets.csv"):
        assert f"runs/small/{run.name}/{name}" in text
    assert {path.name for path in run.iterdir()} >= {"spec.lock.yaml", "tables", "weights.json", "imputation.csv"}


def test_a_build_ends_with_what_to_look_at_and_the_calls_that_list_it(here, capsys):
    """A total a thousand times too large is out of reach within bounds, and fitted without them."""
    here.append("targets/small/income.yaml", FAR_OFF)
    call = "microplex-spec targets spec=small scale=full"
    assert main(["build", *SMALL]) == 0
    told = capsys.readouterr()
    assert f"targets without support            1 {call} --status unsupported tells why" in told.out
    assert f"targets out of reach               1 {call} --status unreachable tells why" in told.out
    assert "in doubt" not in told.out and "collapsed" not in told.err
    assert main(["build", *SMALL, "calibrator=entropy"]) == 0
    told = capsys.readouterr()
    assert f"fitted targets in doubt            1 {call} calibrator=entropy --status fitted tells why" in told.out
    assert "such as small.dividends.amount: fitted as it is, but the value looks to be a thousand times" in told.out


def test_a_build_whose_weights_collapsed_ends_with_that(here, capsys):
    here.edit("spec.yaml", "min_support: 2", "min_support: 1")
    here.append("targets/small/income.yaml", FEW_FOR_ALL)
    assert main(["build", *SMALL, "calibrator=entropy"]) == 0
    assert "weights have collapsed: the effective sample size is " in capsys.readouterr().err


def test_the_report_of_a_run_can_be_written_again(here, capsys):
    assert main(["build", *FEW]) == 0
    page = runs(here)[0] / "report.html"
    page.unlink()
    assert main(["report", str(page.parent)]) == 0
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>") or page.stat().st_size > 10_000
    assert str(page) in capsys.readouterr().out
    assert main(["report", str(here.root)]) == 2
    assert "is no run folder" in capsys.readouterr().err


def test_a_build_with_a_failing_step_exits_with_1_and_names_it(here, capsys):
    # A product beyond the range of float32 passes the plan, and nothing can be learned from it.
    here.edit("variables/imputed.yaml", "n_dependents", "1e300 * n_dependents")
    assert main(["build", *FEW]) == 1
    assert "failed: impute:dividends: " in capsys.readouterr().err
    (run,) = runs(here)
    assert json.loads((run / "manifest.json").read_text(encoding="utf-8"))["status"] == "failed"
    assert (run / "report.html").exists()


def test_cfg_job_prints_the_choices_and_builds_nothing(here, capsys):
    before = listing(here.root)
    assert main(["build", *SMALL, "calibrator=chi2", "--cfg", "job"]) == 0
    text = capsys.readouterr().out
    assert "spec: small" in text and "name: chi2" in text
    assert listing(here.root) == before


def test_ray_tasks_under_a_ray_launcher_are_refused_before_anything_is_made(here, capsys):
    before = listing(here.root)
    launcher = "hydra.launcher._target_=hydra_plugins.hydra_ray_launcher.ray_launcher.RayLauncher"
    assert main(["build", *FEW, "executor=ray", launcher]) == 2
    assert "executor=ray under a ray launcher would wait for itself" in capsys.readouterr().err
    assert listing(here.root) == before


def test_a_sweep_leaves_a_run_for_each_member(here):
    assert main(["build", "-m", *FEW, "seed=1,2"]) == 0
    (sweep,) = (here.root / "runs" / "sweeps").iterdir()
    members = {path.name: json.loads((path / "manifest.json").read_text(encoding="utf-8")) for path in sweep.glob("?")}
    assert {name: manifest["seed"] for name, manifest in members.items()} == {"0": 1, "1": 2}
    assert all(manifest["status"] == "done" for manifest in members.values())
    assert all((sweep / name / "targets.csv").exists() for name in members)


def test_a_sweep_builds_its_good_members_and_tells_the_faults_of_the_others(here, capsys):
    assert main(["build", "-m", *FEW, "seed=-1,2"]) == 2
    told = capsys.readouterr().err
    assert "seed must be at least 0, got -1" in told
    assert "1 of 2 members of the sweep were not built" in told and "nothing was written" not in told
    assert [path.parent.name for path in (here.root / "runs" / "sweeps").glob("*/*/manifest.json")] == ["1"]


def test_a_sweep_called_from_elsewhere_lies_in_the_project(small_project, monkeypatch, tmp_path):
    away = tmp_path / "away"
    away.mkdir()
    monkeypatch.chdir(away)
    assert main(["build", "-m", "--project", str(small_project.root), *FEW, "seed=4"]) == 0
    assert list(away.iterdir()) == []
    assert len(list((small_project.root / "runs" / "sweeps").glob("*/0/manifest.json"))) == 1


WRONG = {
    "an unknown command": (["biuld"], "unknown command 'biuld' (did you mean 'build'?)"),
    "an unknown spec": (["validate", "spec=smal"], "no spec 'smal' under conf/specs"),
    "an unknown option of a group": (
        ["build", *SMALL, "calibrator=entrpy"],
        "auto chi2 entropy hardconcrete ipf logit microcalibrate none sparse",
    ),
    "the same, planned": (
        ["plan", *SMALL, "calibrator=entrpy"],
        "auto chi2 entropy hardconcrete ipf logit microcalibrate none sparse",
    ),
    "an unknown key": (["build", *SMALL, "seeed=7"], "seeed"),
    "an added unknown key": (["build", *SMALL, "+seeed=7"], "unknown run setting 'seeed' (did you mean 'seed'?)"),
    "a wrong value": (["build", *SMALL, "seed=abc"], "seed must be a whole number, got 'abc'"),
    "no override at all": (["build", *SMALL, "seed"], "seed"),
    "an unknown executor": (["build", *SMALL, "executor.name=rey"], "unknown executor 'rey'"),
    "an unknown parameter": (
        ["build", *SMALL, "+calibrator.params.uper=3"],
        "calibrator 'logit' has no parameter 'uper'",
    ),
    "a parameter out of range": (
        ["build", *SMALL, "imputer=qrf", "+imputer.params.trees=0"],
        "trees must be a whole number of at least 1, got 0",
    ),
    "an unknown option of a command": (["plan", *SMALL, "--jsn"], "unrecognized arguments: --jsn"),
    "an option without its value": (["build", *SMALL, "--project"], "--project: expected one argument"),
    "a folder that is no project": (["build", "--project", "conf", *SMALL], "conf is no project"),
    "two forms at once": (["plan", *SMALL, "--json", "--full"], "not allowed with"),
    "a run that is none": (["report", "conf"], "conf is no run folder"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_call_exits_with_2_in_plain_words_and_writes_nothing(here, capsys, what):
    arguments, fault = WRONG[what]
    before = listing(here.root)
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert fault in told.err and "nothing was written" in told.err
    assert "Traceback" not in told.err and "Config search path" not in told.err
    assert told.out == ""
    assert listing(here.root) == before


def test_commands_find_the_project_upward_or_by_option(here, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(here.spec_folder)
    assert main(["validate", "spec=small"]) == 0
    monkeypatch.chdir(tmp_path)
    assert main(["validate", "spec=small"]) == 2
    assert "no project here" in capsys.readouterr().err
    assert main(["validate", "spec=small", "--project", str(here.root)]) == 0
    assert main(["plan", "--project", str(here.root), *SMALL]) == 0
    assert main(["build", f"--project={here.root}", *FEW]) == 0
    assert len(runs(here)) == 1 and not (tmp_path / "runs").exists()


def test_the_installed_command_has_these_exit_codes_and_prints_no_traceback(small_project):
    root = small_project.root
    for arguments, code in ((["--help"], 0), (["validate", "spec=small"], 0), (["build", "seed=x", *SMALL], 2)):
        done = command(*arguments, cwd=root)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
    done = command("build", *FEW, cwd=root)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "" and "[ 14/14] + report:small" in done.stdout


def test_a_plan_from_a_cached_profile_touches_no_table_library(here):
    assert main(["plan", *SMALL]) == 0
    code = f"""
import sys
from microplex_spec.cli import main
assert main(["plan", *{SMALL!r}]) == 0
print([name for name in ("pandas", "scipy", "sklearn", "numba", "policyengine_us") if name in sys.modules])
"""
    told = subprocess.run([sys.executable, "-c", code], cwd=here.root, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "[]"
