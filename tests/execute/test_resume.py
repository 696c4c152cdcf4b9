"""Going on with a run: after a kill, after a failure, twice in a row, under another library, without a lost worker."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from small_builds import build_small, plan_small
from small_project import SmallProject

from microplex_spec import execute
from microplex_spec.cli import main
from microplex_spec.execute.run_folder import claim_run
from microplex_spec.plan import Plan
from microplex_spec.spec.choices import BackendChoice

COMMAND = [sys.executable, "-c", "import sys; from microplex_spec.cli import main; sys.exit(main(sys.argv[1:]))"]


def results(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in [run / "targets.csv", *sorted((run / "tables").glob("*"))]}


def build_in_background(small: SmallProject, *overrides: str) -> subprocess.Popen:
    command = [*COMMAND, "build", "spec=small", "scale=full", *overrides]
    return subprocess.Popen(command, cwd=small.root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def wait_for_event(small: SmallProject, event: str, seconds: float = 60) -> Path:
    """The run folder, as soon as its log tells the event."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for log in small.root.glob("runs/small/*/events.jsonl"):
            if event in log.read_text(encoding="utf-8"):
                return log.parent
        time.sleep(0.01)
    raise AssertionError(f"no {event} within {seconds} s")


@pytest.mark.parametrize("event", ["step_started", "impute:dividends", "calibrate:small"])
def test_a_killed_build_ends_with_the_bytes_of_an_uninterrupted_one(small_project, built, event):
    wanted = build_small(SmallProject(small_project.root)).folder
    expected = results(wanted)
    for folder in ("small", ".store"):
        subprocess.run(["rm", "-rf", str(small_project.root / "runs" / folder)], check=True)
    build = build_in_background(small_project)
    run = wait_for_event(small_project, event)
    build.send_signal(signal.SIGKILL)
    build.wait()
    assert main(["resume", str(run)]) == 0
    assert results(run) == expected
    assert main(["resume", str(run)]) == 0
    assert results(run) == expected


def test_a_plan_that_was_read_back_is_run_from_its_first_step(small_project):
    plan = plan_small(small_project)
    wanted = results(execute(plan, project=small_project.project).folder)
    subprocess.run(["rm", "-rf", str(small_project.project.store)], check=True)
    path = small_project.root / "plan.json"
    plan.write(path)
    result = execute(Plan.read(path), project=small_project.project)
    assert result.failures == {} and results(result.folder) == wanted


def test_resume_keeps_what_steps_took_before(small_project):
    build = build_small(small_project)
    before = {step["id"]: step for step in build.json("manifest.json")["steps"]}
    assert main(["resume", str(build.folder)]) == 0
    after = {step["id"]: step for step in build.json("manifest.json")["steps"]}
    kept = [name for name in before if name.startswith(("load", "impute", "calibrate"))]
    assert kept and all(after[name] == before[name] for name in kept)


def test_another_library_version_is_told_and_must_be_accepted(small_project, capsys):
    build = build_small(small_project)
    path = build.folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["versions"]["numpy"] = "1.0.0"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    assert main(["resume", str(build.folder)]) == 2
    told = capsys.readouterr().err
    assert "the run began with numpy 1.0.0, here is" in told and "--accept" in told
    assert main(["resume", str(build.folder), "--accept"]) == 0


@pytest.mark.parametrize("content", ["", "{}", '{"steps": 3}'])
def test_a_folder_without_a_whole_plan_is_refused(small_project, capsys, content):
    run = small_project.root / "runs" / "small" / "x"
    run.mkdir(parents=True)
    (run / "plan.json").write_text(content, encoding="utf-8")
    assert main(["resume", str(run)]) == 2
    assert "is no stored plan" in capsys.readouterr().err


def test_workers_give_the_bytes_of_the_serial_executor(small_project, built):
    plan = plan_small(small_project)
    serial = results(execute(plan, project=small_project.project).folder)
    subprocess.run(["rm", "-rf", str(small_project.project.store)], check=True)
    assert results(execute(plan, project=small_project.project, executor=BackendChoice(name="joblib")).folder) == serial


def test_a_lost_worker_costs_a_second_try_and_no_run(small_project):
    build = build_in_background(small_project, "executor=joblib")
    run = wait_for_event(small_project, "impute:")
    for child in psutil.Process(build.pid).children(recursive=True):
        if "popen_loky" in " ".join(child.cmdline()):
            child.kill()
    assert build.wait(timeout=90) == 0
    assert json.loads((run / "manifest.json").read_text(encoding="utf-8"))["status"] == "done"


def test_a_run_is_built_by_one_process_at_a_time(small_project, built, capsys):
    folder = small_project.project.runs / "small" / built.folder.name
    shutil.copytree(built.folder, folder)
    before = (folder / "manifest.json").read_bytes()
    with claim_run(folder):
        assert main(["resume", str(folder)]) == 2
    assert f"is being built by process {os.getpid()}" in capsys.readouterr().err
    assert (folder / "manifest.json").read_bytes() == before
    assert main(["resume", str(folder)]) == 0
