"""Reader `taxcalc_cps`: the CPS file that the taxcalc package ships, as households down to persons.

The file (public domain; Tax-Calculator, taxdata project) pools the CPS of 2012 to 2014: one row a tax unit,
amounts in dollars of 2014, weights for 2014 and later in a second file. It has no person rows and no sex.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..spec.entities import Entities
from ..spec.project import resolve_file
from ..spec.record import Record
from .base import Column, Reader
from .taxcalc_cps_columns import MADE_COLUMNS, PERSON_COLUMNS, UNIT_COLUMNS

if TYPE_CHECKING:
    from ..population import Population


class TaxcalcCpsParams(Record):
    """Which part of the pooled file is taken."""

    survey_years: tuple[int, ...] = (2014,)
    """The CPS years to use."""
    weights_year: int
    """The year whose weights are taken."""


class TaxcalcCps(Reader):
    """Tax-Calculator's CPS file: household, spm_unit, family, tax_unit, marital_unit and person.

    A household is (FLPDYR, h_seq), a family adds ffpos, a tax unit is a row. The file holds no SPM units:
    each household is taken as one. Head and spouse are one marital unit, everyone else is his own.

    Persons are the head, the spouse (age_spouse > 0) and as many dependants as the age bands nu18 + n1820 +
    n21 hold beyond these two. In 0.4 % of units XTOT is one more than the bands: an exemption without age
    or amounts (103 times the spouse of a joint return) that is not made into a person; `exemptions` keeps it.

    Dependants are constructed (`is_constructed`): the file gives how many are under 6, 6 to 12, 13 to 17, 18
    to 20 and 21 or more, how many under 18 are no child-tax-credit children (n24) and therefore 17, and how
    many are 65 or more. Within its band an age is uniform, from a fixed seed and the person's id, so that it
    depends on no run. An adult's age of 80 stands for 80 to 84, and 85 for 85 and more, as in the CPS.

    design_weight of a household is the mean of its units' weights by persons, which preserves weighted
    persons. Scaling to a published population is left to the spec.
    """

    version = 1
    Params = TaxcalcCpsParams

    params: TaxcalcCpsParams

    def files(self) -> list[Path]:
        return [self._data, self._weights]

    def columns(self) -> dict[str, Column]:
        persons = {name: column for name, (_, _, column) in PERSON_COLUMNS.items()}
        return dict(UNIT_COLUMNS.values()) | persons | MADE_COLUMNS

    def read(self, entities: Entities) -> Population:
        # Pandas is imported here: a spec is checked against `columns` long before any data are read.
        from .taxcalc_cps_rows import make_population, read_units

        units = read_units(self._data, self._weights, self.params.survey_years, self.params.weights_year)
        return make_population(units, entities, self.columns())

    @property
    def _data(self) -> Path:
        return resolve_file("package:taxcalc/cps.csv.gz", self.base_folder)

    @property
    def _weights(self) -> Path:
        return resolve_file("package:taxcalc/cps_weights.csv.gz", self.base_folder)
