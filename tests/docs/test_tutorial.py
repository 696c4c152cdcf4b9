"""The tutorial, done as it stands: its edits made, its commands run in one shell, its output held against theirs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import Block, blocks

PAGE = "tutorial.md"
END = "<<end of command"
# What differs from machine to machine, and the place in a file, which moves with every line put in above it.
_MASKS = (
    (re.compile(r"(\.yaml):\d+:\d+"), r"\1:#:#"),
    (re.compile(r"\d{8}T\d{6}Z(-[0-9a-f]{8})?(\.\d+)?"), "<run>"),
    (re.compile(r"\d[\d.,]*(?= ?(s|min|B|kB|MB|GB)\b)"), "#"),
)


class Shell:
    """A bash that stays open, so that variables and the working folder last from one command to the next."""

    def __init__(self, folder: Path):
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self.process = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder,
            env={**os.environ, "PATH": path, "COLUMNS": "200"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> tuple[list[str], int]:
        """The lines that a command writes to either stream, and its exit code, which `$?` still holds afterwards."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{command}\n__code=$?; echo; echo '{END}' $__code; (exit $__code)\n")
        self.process.stdin.flush()
        lines: list[str] = []
        for line in self.process.stdout:
            if line.startswith(END):
                return lines, int(line.removeprefix(END))
            lines.append(line.rstrip("\n"))
        raise AssertionError(f"the shell ended at {command!r}: {lines}")

    def folder(self) -> Path:
        return Path(self.run("pwd")[0][0])

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=30)


def commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """The commands of a console block with the lines that are shown of each."""
    command, shown = "", []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, shown
            command, shown = line[2:], []
        else:
            shown.append(line)
    yield command, shown


def plain(line: str) -> str:
    for pattern, mask in _MASKS:
        line = pattern.sub(mask, line)
    return " ".join(line.split())


def matches(shown: str, line: str) -> bool:
    """Whether a line is as shown; … stands for any text."""
    pattern = ".*".join(re.escape(part) for part in plain(shown).split("…"))
    return re.fullmatch(pattern, plain(line)) is not None


def check_output(command: str, shown: list[str], lines: list[str]) -> None:
    """Each line shown comes after the one before it: the very next, unless ... stands between. Blank lines aside."""
    left = [line for line in lines if line.strip()]
    skipping = False
    for text in (text for text in shown if text.strip()):
        if text.strip() == "...":
            skipping = True
            continue
        at = next((i for i, line in enumerate(left) if matches(text, line)), None)
        assert at is not None, f"$ {command}\nno line like {text!r} in\n" + "\n".join(lines)
        assert skipping or at == 0, f"$ {command}\n{text!r} comes only after {left[:at]}"
        left, skipping = left[at + 1 :], False
    assert not shown or skipping or not left, f"$ {command}\nnot shown: {left}"


def edit(block: Block, folder: Path) -> None:
    """Make the change that a diff block shows; the text it replaces must stand in the file exactly once."""
    head, *rest = block.text.splitlines()
    path = folder / head.removeprefix("--- ")
    old = "\n".join(line[1:] for line in rest if line[:1] in " -")
    new = "\n".join(line[1:] for line in rest if line[:1] in " +")
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.skipif(os.name != "posix", reason="the tutorial's commands are those of a POSIX shell")
def test_every_command_of_the_tutorial_runs_and_shows_what_the_page_shows(tmp_path):
    shell = Shell(tmp_path)
    try:
        for block in blocks(PAGE):
            if block.language == "diff":
                edit(block, shell.folder())
            elif block.language == "console":
                told = list(commands(block))
                for number, (command, shown) in enumerate(told):
                    lines, code = shell.run(command)
                    follower = told[number + 1][0] if number + 1 < len(told) else ""
                    assert code == 0 or follower == "echo $?", f"$ {command} ended with {code}\n" + "\n".join(lines)
                    check_output(command, shown, lines)
            else:
                raise AssertionError(f"line {block.line}: a block that nothing tries: {block.language or 'none'}")
    finally:
        shell.close()
