"""Whether a shell asks what could stand at the cursor, and of which command it asks.

A script of `completion` calls the program with the line typed so far in COMP_LINE.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable

# argcomplete's own variable: how many words of the line come before what the command's parser reads.
_WORDS_BEFORE = "_ARGCOMPLETE"


def asked_by_shell() -> bool:
    return _WORDS_BEFORE in os.environ


def command_typed(commands: Iterable[str]) -> list[str]:
    """The command of the line that is typed, and its verb; while the first word itself is typed, answers and leaves."""
    import argcomplete
    from argcomplete.lexers import split_line

    line, point = os.environ.get("COMP_LINE", ""), int(os.environ.get("COMP_POINT", "0"))
    _, _, _, typed, _ = split_line(line, point)
    if len(typed) < 2:
        first = argparse.ArgumentParser(add_help=False)
        first.add_argument("command", choices=list(commands))
        argcomplete.autocomplete(first, always_complete_options=False)
    command = typed[1:3] if typed[1:3] == ["targets", "add"] else typed[1:2]
    os.environ[_WORDS_BEFORE] = str(len(command) + 1)
    return command
