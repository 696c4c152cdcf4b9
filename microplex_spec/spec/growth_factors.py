"""Growth factors by index and year, which carry the amounts of a survey from its year to another."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import Problem, SpecError, did_you_mean

_YEAR = "YEAR"


@dataclass(frozen=True)
class GrowthFactors:
    """Factors per year relative to the year before: `steps["ACPIU"][2023]` is 1.041353.

    Tax-Calculator's growfactors.csv is such a table. Its amounts are per capita already (there is no
    population index in it, and Tax-Calculator multiplies each amount by the factor while the weights grow
    by themselves), so nothing is to be divided by population growth.
    """

    steps: Mapping[str, Mapping[int, float]]

    @classmethod
    def read(cls, path: Path) -> GrowthFactors:
        """Read a CSV of one row a year: YEAR and one column an index.

        Raises SpecError where the file or YEAR is missing, a year repeats or is left out, or a factor is not
        a positive number.
        """
        try:
            with path.open(newline="", encoding="utf-8") as stream:
                rows = list(csv.DictReader(stream))
        except (OSError, UnicodeDecodeError) as error:
            raise SpecError(f"{path} cannot be read: {error}") from None
        if not rows or _YEAR not in rows[0]:
            raise SpecError(f"{path} has no column {_YEAR!r}")
        years = [_number(row[_YEAR]) for row in rows]
        if years != [years[0] + offset for offset in range(len(years))]:
            raise SpecError(f"{path}: column {_YEAR!r} must hold consecutive years, each once")
        steps = {
            name: {int(year): _number(row[name]) for year, row in zip(years, rows, strict=True)}
            for name in rows[0]
            if name != _YEAR
        }
        bad = [name for name, factors in steps.items() if not all(0 < value < math.inf for value in factors.values())]
        if bad:
            raise SpecError(f"{path}: growth factors must be positive numbers, not so in {', '.join(bad)}")
        return cls(steps)

    @property
    def indices(self) -> list[str]:
        """Names of the indices, sorted."""
        return sorted(self.steps)

    def factor(self, index: str, from_year: int, to_year: int) -> float:
        """What an amount of `from_year` is multiplied by to be one of `to_year` (backwards: the inverse).

        Raises SpecError for an index or a year that the table does not hold.
        """
        if index not in self.steps:
            raise SpecError(Problem(f"unknown uprating index {index!r}", hint=did_you_mean(index, self.indices)))
        if to_year < from_year:
            return 1.0 / self.factor(index, to_year, from_year)
        steps = self.steps[index]
        # The first row is relative to a year outside the table: it can be started from, not stepped to.
        first, last = min(steps), max(steps)
        for year in (from_year, to_year):
            if not first <= year <= last:
                raise SpecError(Problem(f"no growth factor of {index} for {year}", hint=f"years {first} to {last}"))
        return math.prod(steps[year] for year in range(from_year + 1, to_year + 1))


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan
