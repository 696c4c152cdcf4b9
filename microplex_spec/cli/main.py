"""microplex-spec: finds the command, and turns every fault of a spec or a call into plain lines and exit code 2."""

from __future__ import annotations

import gc
import sys
from importlib import import_module

from ..spec.errors import Problem, SpecError, did_you_mean
from .asked_by_shell import asked_by_shell, command_typed

# Command, and what it does in one line; its module has `run(arguments) -> exit code`.
COMMANDS = {
    "init": "make a project that builds at once, from a small sample or from a file of yours",
    "validate": "read a spec and report every fault",
    "plan": "show the steps that a build would run, with reasons and predicted cost",
    "targets": "list calibration targets and how each is used and why; targets add appends one",
    "graph": "draw the lineage of sources, variables, targets and benchmarks",
    "build": "run the plan of a spec and leave a run folder",
    "resume": "go on with a run that was killed or failed, by its stored plan",
    "compare": "a leaderboard of runs or of a sweep, with the spread over seeds",
    "bakeoff": "hold imputers against each other on real rows, and tell the winner of each variable",
    "diff": "how two specs or runs differ, what re-runs, what moved (exit code 4: they differ)",
    "store": "look into the store of kept artifacts (ls), clear it (gc), check it (verify)",
    "schema": "write JSON Schemas of the YAML files, for editors",
    "report": "write report.html of a run again",
    "completion": "print a script by which bash, zsh or fish complete what is typed",
}

USAGE = """microplex-spec COMMAND [--project DIR] [options] [key=value ...]

{commands}

Runs are chosen by Hydra overrides: spec=us_cps_2023 scale=smoke|demo|full seed=7
imputer=auto|regime_aware|... calibrator=auto|logit|entropy|... resources=auto|laptop_8gb|...
`microplex-spec COMMAND --help` tells more."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Exit codes: 0 done, 1 the run failed, 2 the spec or the call is wrong, 4 two sides differ."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if asked_by_shell():
        arguments = command_typed(COMMANDS) or arguments
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        width = max(map(len, COMMANDS))
        print(USAGE.format(commands="\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())))
        return 0
    name, *rest = arguments
    # What is read of a spec lives to the end: looking for garbage among thousands of rows again and again finds none.
    gc.set_threshold(200_000, 20, 20)
    try:
        if name not in COMMANDS:
            raise SpecError(Problem(f"unknown command {name!r}", hint=did_you_mean(name, COMMANDS)))
        return import_module(f".{name}", __package__).run(rest)
    except SpecError as error:
        print(error, file=sys.stderr)
        count = len(error.problems)
        print(f"{count} problem{'s' if count > 1 else ''}; nothing was written", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
    except OSError as error:
        # A file of the call that cannot be read or written; commands tell what they know better themselves.
        print(f"{error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 1
