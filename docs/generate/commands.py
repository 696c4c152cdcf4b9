"""The reference of commands, from the very parsers that read a call."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module

from pieces import code, prose, table, without_name

from microplex_spec.cli.main import COMMANDS

# What Hydra takes beside overrides, of those that people use with build.
HYDRA_FLAGS = {
    "-m, --multirun": "a sweep: every combination of the choices given with commas",
    "--cfg job": "print the choices that the call makes, and build nothing",
    "--info": "print what Hydra knows of the configuration",
    "--help": "list the groups and what may be chosen of each",
}
# Verbs that have a parser of their own beside the command's.
VERBS = {"targets": ("add",)}


class _Caught(Exception):
    """Carries the parser that was about to read a call."""


@contextmanager
def _catching() -> Iterator[None]:
    def caught(parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        raise _Caught(parser)

    names = ("parse_known_args", "parse_known_intermixed_args")
    kept = {name: getattr(argparse.ArgumentParser, name) for name in names}
    for name in names:
        setattr(argparse.ArgumentParser, name, caught)
    try:
        yield
    finally:
        for name, method in kept.items():
            setattr(argparse.ArgumentParser, name, method)


def parsers() -> dict[str, argparse.ArgumentParser]:
    """The parser of every command and of every verb ("store ls"), caught when the command hands it a call."""
    found = {}
    for name in COMMANDS:
        found[name] = _parser(name, [])
        found |= {f"{name} {verb}": _parser(name, [verb]) for verb in VERBS.get(name, ())}
        inner = (action for action in found[name]._actions if isinstance(action, argparse._SubParsersAction))
        found |= {f"{name} {verb}": parser for action in inner for verb, parser in action.choices.items()}
    return found


def _parser(command: str, call: list[str]) -> argparse.ArgumentParser:
    try:
        with _catching():
            import_module(f"microplex_spec.cli.{command}").run(call)
    except _Caught as caught:
        return caught.args[0]
    raise ValueError(f"{command} read no call")


def options(parser: argparse.ArgumentParser) -> set[str]:
    """Every option that a command takes."""
    return {option for action in parser._actions for option in action.option_strings}


def pages() -> dict[str, str]:
    """The page of commands, by its address."""
    parts = [
        "# Commands",
        "A command finds the project (a folder with `conf/` and `targets/`) upward from the working folder, or takes "
        "`--project DIR`. `spec=` names a folder under `conf/specs` or any folder that is a spec.",
        table(("command", "what it does"), [(f"[{code(name)}](#{name})", text) for name, text in COMMANDS.items()]),
    ]
    for name, parser in parsers().items():
        parts += _section(f"{'###' if ' ' in name else '##'} {name}", parser)
        if name == "build":
            parts += [
                "Overrides and these options are Hydra's:",
                table(("option", "meaning"), [(code(flag), text) for flag, text in HYDRA_FLAGS.items()]),
            ]
    return {"reference/commands.md": "\n\n".join(parts) + "\n"}


def _section(heading: str, parser: argparse.ArgumentParser) -> Iterable[str]:
    """A command: what it does, and its arguments."""
    rows = []
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
            continue
        value = (
            "" if action.nargs == 0 else str(action.metavar or "|".join(map(str, action.choices or ())) or action.dest)
        )
        name = " ".join(filter(None, (", ".join(action.option_strings), value)))
        rows.append((code(name), (action.help or "") % {"default": action.default, "prog": parser.prog}))
    yield heading
    yield without_name(prose(parser.description))
    if rows:
        yield table(("argument", "meaning"), rows)
