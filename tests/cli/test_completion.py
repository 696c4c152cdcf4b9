"""Completion as shells ask for it: real shells source the scripts, and nothing heavy is imported for an answer."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_project import SmallProject

BIN = Path(sys.executable).parent
BASH = r"""
source <(microplex-spec completion bash)
COMP_LINE="$1" COMP_POINT=${#1} COMP_TYPE=9
COMP_WORDS=($1) COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
[[ "$1" == *" " ]] && COMP_CWORD=$((COMP_CWORD + 1))
$(complete -p microplex-spec | sed 's/.*-F \([^ ]*\).*/\1/') microplex-spec
printf '%s\n' "${COMPREPLY[@]}"
"""


def shell(program: str, *arguments: str, cwd: Path) -> list[str]:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [program, *arguments], cwd=cwd, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    return [line.strip() for line in done.stdout.splitlines()]


@pytest.fixture
def here(small_project: SmallProject) -> Path:
    run = small_project.root / "runs" / "small" / "20260101T000000Z-0123abcd"
    run.mkdir(parents=True)
    (run / "plan.json").write_text("{}", encoding="utf-8")
    own = small_project.root / "conf" / "calibrator" / "mine.yaml"
    own.parent.mkdir(exist_ok=True)
    own.write_text("name: logit\nparams: {softness: 2}\n", encoding="utf-8")
    return small_project.root


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("microplex-spec comp", {"compare", "completion"}),
        ("microplex-spec plan --h", {"--help", "--html"}),
        ("microplex-spec build --", {"--project", "--select", "--resume", "--multirun", "--cfg"}),
        ("microplex-spec plan cal", {"calibrator="}),
        ("microplex-spec plan calibrator=m", {"microcalibrate", "mine"}),
        ("microplex-spec build -m imputer=qrf,r", {"qrf,regime_aware"}),
        ("microplex-spec validate spec=", {"small"}),
        ("microplex-spec report runs/", {"runs/small/20260101T000000Z-0123abcd"}),
        ("microplex-spec targets a", {"add"}),
        ("microplex-spec targets add --role ", {"fit", "holdout", "monitor"}),
        ("microplex-spec store v", {"verify"}),
    ],
)
def test_bash_offers_what_could_stand_there(here, typed, offered):
    assert {line for line in shell("bash", "-c", BASH, "bash", typed, cwd=here) if line} == offered


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
def test_fish_offers_the_options_of_a_group(here):
    call = "microplex-spec completion fish | source; complete -C 'microplex-spec plan calibrator=en'"
    assert shell("fish", "-c", call, cwd=here) == ["calibrator=entropy"]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="needs zsh")
def test_zsh_takes_the_script(here):
    call = (
        'autoload -Uz compinit; compinit -u -D; eval "$(microplex-spec completion zsh)"; echo $_comps[microplex-spec]'
    )
    assert shell("zsh", "-fc", call, cwd=here) == ["_python_argcomplete"]


def test_an_answer_imports_no_heavy_package(here):
    line = "microplex-spec plan calibrator="
    code = """
import sys, atexit, os
leave = os._exit
heavy = ("pandas", "numpy", "hydra", "pydantic", "scipy", "policyengine_us")
os._exit = lambda code: (print([name for name in heavy if name in sys.modules], flush=True), leave(code))
from microplex_spec.cli import main
main([])
"""
    asked = {
        "_ARGCOMPLETE": "1",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "_ARGCOMPLETE_STDOUT_FILENAME": "answer",
    }
    call = [sys.executable, "-c", code]
    done = subprocess.run(call, cwd=here, env={**os.environ, **asked}, capture_output=True, text=True, check=True)
    assert "calibrator=entropy" in (here / "answer").read_text(encoding="utf-8")
    assert done.stdout.splitlines()[-1] == "[]"
