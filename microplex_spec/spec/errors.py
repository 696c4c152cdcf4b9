"""Errors of the spec: where they stand, what is wrong, the nearest valid name, what to do.

Every message that a user sees about a spec or a call is made of the `Problem`s here, so that all of them
read alike and all of them are reported at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Place:
    """A position in a text file: path as the user would type it, 1-based line and column."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, with its place (None for a fault of the call itself)."""

    message: str
    place: Place | None = None
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}{self.message}{hint}"


class SpecError(Exception):
    """The spec or the call is wrong; carries every problem found. Commands print it and exit with 2."""

    def __init__(self, problems: Problem | str | Iterable[Problem]):
        if isinstance(problems, str):
            problems = Problem(problems)
        if isinstance(problems, Problem):
            problems = [problems]
        self.problems = sorted(
            dict.fromkeys(problems), key=lambda p: (p.place is None, p.place or Place(""), p.message)
        )
        super().__init__("\n".join(str(p) for p in self.problems))


# What helps who named a folder that is no run.
RUNS_LIE = "runs lie under runs/<spec>; microplex-spec build makes one"


@dataclass
class Problems:
    """Collects problems while a spec is read, and raises them together."""

    found: list[Problem] = field(default_factory=list)

    def add(self, message: str, place: Place | None = None, hint: str = "") -> None:
        self.found.append(Problem(message, place, hint))

    def unknown(self, kind: str, name: object, known: Iterable[str], place: Place | None = None) -> None:
        """Report a name outside the closed world, with its nearest neighbour."""
        known = list(known)
        self.add(f"unknown {kind} {str(name)!r}", place, did_you_mean(str(name), known))

    def absorb(self, error: SpecError) -> None:
        self.found.extend(error.problems)

    def raise_if_any(self) -> None:
        if self.found:
            raise SpecError(self.found)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint with the nearest valid name, or the whole list where it is short and nothing is near."""
    known = sorted(set(known))
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    if 0 < len(known) <= 12:
        return "known: " + ", ".join(known)
    return ""
