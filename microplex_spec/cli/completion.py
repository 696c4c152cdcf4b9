"""completion: print a script by which a shell completes commands, options, choices of a run, specs and run folders."""

from __future__ import annotations

from .arguments import Parser

SHELLS = ("bash", "zsh", "fish")
_USE = """for this shell: eval "$(microplex-spec completion bash)"; for all, add that line to ~/.bashrc (zsh: ~/.zshrc);
fish: microplex-spec completion fish > ~/.config/fish/completions/microplex-spec.fish"""


def run(arguments: list[str]) -> int:
    made = Parser(prog="microplex-spec completion", description=__doc__, epilog=_USE)
    made.add_argument("shell", choices=SHELLS)
    options = made.parse_args(arguments)
    import argcomplete

    print(argcomplete.shellcode(["microplex-spec"], shell=options.shell))
    return 0
