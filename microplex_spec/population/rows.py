"""A plain table as a population of one entity, so that predicates can be asked of its rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..spec.entities import Entities, Entity
from .population import Population
from .weights import DESIGN_WEIGHT

RECORD = "record"
_ENTITIES = Entities({RECORD: Entity(name=RECORD)})


def population_of_rows(table: pd.DataFrame) -> Population:
    """The rows of `table` as the entity RECORD, which lies within nothing; each of weight 1 if it carries none.

    Rows are numbered in their order. Raises SpecError for columns that are neither numbers, booleans nor text.
    """
    key = _ENTITIES[RECORD].key
    extra = {key: np.arange(len(table))} | ({} if DESIGN_WEIGHT in table else {DESIGN_WEIGHT: np.ones(len(table))})
    rows = pd.concat([pd.DataFrame(extra, index=table.index), table.drop(columns=key, errors="ignore")], axis=1)
    return Population(_ENTITIES, {RECORD: rows})
