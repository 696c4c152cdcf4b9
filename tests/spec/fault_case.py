"""One fault put into the small project, and what is to be said of it."""

from __future__ import annotations

from typing import NamedTuple

from small_project import SmallProject

OBSERVED, IMPUTED, MADE = "variables/observed.yaml", "variables/imputed.yaml", "variables/made.yaml"
POPULATION, INCOME = "targets/small/population.yaml", "targets/small/income.yaml"


class Case(NamedTuple):
    """An edit of one file, the text in it at which the fault stands, and what is said of it (or how it begins: ...)."""

    file: str
    old: str
    new: str
    stands_at: str
    message: str

    def check(self, project: SmallProject) -> None:
        """The fault is told once, where it stands."""
        project.edit(self.file, self.old, self.new)
        (told,) = project.errors()
        place, _, message = told.partition(": ")
        within = self.new if self.stands_at in self.new else ""
        assert place == project.at(self.file, self.stands_at, within)
        begins = self.message.removesuffix("...")
        assert message == begins or (begins != self.message and message.startswith(begins))
