"""What the commands share: options, the project, and the run's choices as Hydra composes them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..spec.errors import Problem, SpecError
from ..spec.project import Project, find_project
from .asked_by_shell import asked_by_shell

if TYPE_CHECKING:
    from ..spec.choices import Choices


class Parser(argparse.ArgumentParser):
    """argparse whose complaints are SpecErrors, so that they read like all others.

    Where a shell asks for completions, the first parser that would parse answers it instead.
    """

    _answering = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._answer_shell()
        return super().parse_known_args(args, namespace)

    def parse_intermixed_args(self, args: Any = None, namespace: Any = None) -> Any:
        # Before argparse takes the positional arguments out for its first pass.
        self._answer_shell()
        return super().parse_intermixed_args(args, namespace)

    def _answer_shell(self) -> None:
        if asked_by_shell() and not Parser._answering:
            from .completing import answer

            # What answers lets the parser parse what was typed so far.
            Parser._answering = True
            answer(self)

    def error(self, message: str) -> Any:
        raise SpecError(Problem(message, hint=f"see {self.prog} --help"))


def parser(command: str, text: str) -> Parser:
    """A parser with what every command takes: --project and Hydra overrides."""
    made = Parser(prog=f"microplex-spec {command}", description=text)
    made.add_argument("--project", metavar="DIR", help="the project's folder (default: found upward from here)")
    made.add_argument("overrides", nargs="*", metavar="key=value", help="Hydra overrides of the run's choices")
    return made


def compose_choices(project: Project, overrides: list[str]) -> Choices:
    """The run's choices: conf/build.yaml with the overrides, validated. SpecError for whatever is wrong."""
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    from ..spec.choices import read_choices

    with hydra_faults(), initialize_config_dir(config_dir=str(project.conf), version_base="1.3"):
        composed = OmegaConf.to_container(compose("build", overrides=overrides), resolve=True)
    return read_choices(dict(composed))  # type: ignore[arg-type]


@contextmanager
def hydra_faults() -> Iterator[None]:
    """Turn Hydra's complaints about a call into SpecErrors of one line, without its frames and search path."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        told = [*str(error).splitlines(), *str(error.__cause__ or "").splitlines()]
        kept = takewhile(lambda line: not line.startswith("Config search path"), told)
        raise SpecError(" ".join(dict.fromkeys(line.strip() for line in kept if line.strip()))) from None


def project_of(given: str | None, start: Path | None = None) -> Project:
    return find_project(start, given)


def spec_name(project: Project, overrides: list[str]) -> str:
    """The spec that a command is about: spec=NAME, or a bare name or folder, else the default of conf/build.yaml.

    Read without Hydra, whose import alone takes longer than `validate` does.
    """
    from ..spec.yaml_reader import read_yaml

    for override in overrides:
        key, equals, value = override.partition("=")
        if key == "spec" or not equals:
            return value if equals else key
    path = project.conf / "build.yaml"
    return str(read_yaml(path, project.shown(path)).data.get("spec", ""))


def write_file(path: Path, text: str) -> None:
    """Write a file that the call names; SpecError where that cannot be."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SpecError(f"cannot write {path}: {error.strerror}") from None
