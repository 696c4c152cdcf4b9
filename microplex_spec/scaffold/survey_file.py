"""A survey file as a new user brings it: which rows it has, what tells them apart, their weight, their columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..sources.base import Dtype
from ..sources.files import file_columns, read_columns
from ..spec.errors import Problem, SpecError
from .guess import (
    FIRST_YEAR,
    LAST_YEAR,
    Guess,
    LeftOut,
    alike_within,
    guess_column,
    is_household_id,
    is_id,
    is_replicate,
    is_weight,
    lies_together,
    nearly_unique,
    variable_name,
)

if TYPE_CHECKING:
    import pandas as pd

# What a population calls its own columns.
_TAKEN = frozenset({"household_id", "person_id", "household", "person", "design_weight", "weight"})
_SHOWN = 3
# Of households whose members all agree, so many must be expected to differ by chance before that says anything.
_LEAST_EXPECTED = 10


@dataclass(frozen=True)
class SurveyFile:
    """What a file seems to hold. household: the column by which its rows, then persons, lie in households.

    key: the column that tells rows apart, None where they are numbered. weight: None where each row counts 1.
    ids: the kind of key and household columns. weights: their sum over households. households: (households,) where
    rows are persons: what stands in a file of its own, their id, their variables and `household_weight`. year: the
    one that a column gives to all rows, and the column's name.
    """

    path: Path
    rows: int
    key: str | None
    household: str | None
    weight: str | None
    ids: Mapping[str, Dtype]
    variables: tuple[Guess, ...]
    left_out: tuple[LeftOut, ...]
    told: tuple[str, ...]
    weights: float
    year: tuple[int, str] | None = None
    households: pd.DataFrame | None = None


@dataclass(frozen=True)
class _Heads:
    """Households in the order of the file. of_rows: (persons,) ids. rows: the first of each. weights: (households,)."""

    of_rows: pd.Series
    rows: pd.DataFrame
    weights: np.ndarray


def read_survey_file(path: Path) -> SurveyFile:
    """Read a .parquet, .csv or .csv.gz file whole, and guess.

    Raises SpecError where it cannot be read, holds no rows, or ids repeat that seem to tell rows apart.
    """
    kinds = file_columns(path)
    if not kinds:
        raise SpecError(f"{path} has no columns")
    # Booleans as texts at first, since a missing one is no boolean.
    read = {name: "code" if kind == "bool" else kind for name, kind in kinds.items() if kind is not None}
    rows = read_columns(path, read, read)
    if rows.empty:
        raise SpecError(f"{path} has no rows")
    told: list[str] = []
    weight, weights = _weight(rows, told)
    key, household = _keys(path, rows, told)
    heads = _heads(rows, household, weight, weights, told)
    structural = {name for name in (key, household, weight) if name is not None}
    variables, left_out = [], []
    taken = set(_TAKEN)
    for column, kind in kinds.items():
        if column in structural:
            continue
        if not column:
            left_out.append(LeftOut(column, "has no name; of a file written by pandas it is the index"))
        elif kind is None:
            left_out.append(LeftOut(column, "no numbers, booleans or text (dates, lists)"))
        elif is_replicate(column) or is_weight(column):
            left_out.append(LeftOut(column, "by its name a weight; replicate weights are not used"))
        else:
            name = variable_name(column, taken)
            guessed = _guess(column, name, kind, rows, weights, heads)
            if isinstance(guessed, Guess):
                variables.append(guessed)
                taken.add(name)
            else:
                left_out.append(guessed)
    if not variables:
        raise SpecError(f"{path} has no column that could be a variable")
    households = None if heads is None else _households(heads, variables, told)
    return SurveyFile(
        path=path,
        rows=len(rows),
        key=key,
        household=household,
        weight=weight,
        ids={name: read[name] for name in (key, household) if name is not None},
        variables=tuple(variables),
        left_out=tuple(left_out),
        told=tuple(told),
        weights=float(weights.sum() if heads is None else heads.weights.sum()),
        year=_year(rows),
        households=households,
    )


def _guess(
    column: str, name: str, kind: Dtype, rows: pd.DataFrame, weights: np.ndarray, heads: _Heads | None
) -> Guess | LeftOut:
    """The guess of a column; of the households where all members of each have the same value, and not by chance."""
    if heads is None:
        return guess_column(column, name, kind, rows[column], weights)
    alike, expected = alike_within(heads.of_rows, rows[column])
    of_household = alike and expected >= _LEAST_EXPECTED
    if of_household:
        guessed = guess_column(column, name, kind, heads.rows[column], heads.weights)
    else:
        guessed = guess_column(column, name, kind, rows[column], weights)
    if not alike or isinstance(guessed, LeftOut):
        return guessed
    why = "the same for all of a household" + ("" if of_household else ", or is that chance?")
    return replace(guessed, of_household=of_household, alike=why)


def _year(rows: pd.DataFrame) -> tuple[int, str] | None:
    """The year of all rows by a column that is called so, and its name."""
    for name in map(str, rows):
        if name.lower() == "year" and rows[name].dtype.kind in "iu":
            first, last = int(rows[name].min()), int(rows[name].max())
            if FIRST_YEAR <= first == last <= LAST_YEAR:
                return first, name
    return None


def _weight(rows: pd.DataFrame, told: list[str]) -> tuple[str | None, np.ndarray]:
    """The first column that is called a weight and could be one, and its values; else 1.0 a row."""
    for name in filter(is_weight, map(str, rows)):
        if rows[name].dtype.kind in "iuf":
            values = rows[name].to_numpy(dtype=np.float64)
            if np.isfinite(values).all() and (values >= 0).all() and values.sum() > 0:
                told.append(f"weight: {name}, sum {values.sum():,.0f}")
                return name, values
        told.append(f"{name} is called a weight, but holds texts, missing or negative values, or zeros alone")
    told.append("no column of weights was found: every row counts 1.0")
    return None, np.ones(len(rows))


def _keys(path: Path, rows: pd.DataFrame, told: list[str]) -> tuple[str | None, str | None]:
    """The column that tells rows apart, and the one by which they lie in households, where there are such."""
    names = [str(name) for name in rows if name]
    called = [name for name in names if is_id(name) and not is_weight(name)]
    called = [name for name in called if rows[name].dtype.kind not in "f" and rows[name].notna().all()]
    unique = next((name for name in called if rows[name].is_unique), None)
    groups = [name for name in called if is_household_id(name) and not nearly_unique(rows[name])]
    household = next((name for name in groups if lies_together(rows[name])), None)
    if household is not None:
        count = rows[household].nunique()
        told.append(f"rows are persons: {len(rows):,} of them in {count:,} households by {household}")
        return unique, household
    for name in groups:
        told.append(
            f"{name} repeats, but its rows lie apart: no household id by itself; if it is one, sort the file by it"
        )
    if unique is None:
        for name in called:
            if not nearly_unique(rows[name]):
                continue
            repeated = rows[name].duplicated()
            examples = ", ".join(map(str, rows[name][repeated].unique()[:_SHOWN]))
            raise SpecError(
                Problem(
                    f"{path}: {name} tells most rows apart, but repeats in {int(repeated.sum()):,} of {len(rows):,},"
                    f" e.g. {examples}",
                    hint="take the repeated rows out, or rename the column if it is no id",
                )
            )
        whole = (name for name in names if rows[name].dtype.kind in "iu" and not is_weight(name))
        unique = next((name for name in whole if rows[name].is_unique and rows[name].is_monotonic_increasing), None)
    by = f"by {unique}" if unique else "numbered, since no column tells them apart"
    told.append(f"each of the {len(rows):,} rows is a household, {by}")
    return unique, None


def _heads(
    rows: pd.DataFrame, household: str | None, weight: str | None, weights: np.ndarray, told: list[str]
) -> _Heads | None:
    """The households that persons lie in, each with the weight that all members share, else with their mean."""
    if household is None:
        return None
    import pandas as pd

    grouped = pd.Series(weights).groupby(rows[household].to_numpy(), sort=False)
    if weight is not None and (grouped.max() > grouped.min()).any():
        told.append(f"members of a household differ in {weight}: the household's weight is their mean")
    return _Heads(rows[household], rows.drop_duplicates(household), grouped.mean().to_numpy())


def _households(heads: _Heads, variables: list[Guess], told: list[str]) -> pd.DataFrame:
    """(households,) their id, weight and variables."""
    columns = [guess.column for guess in variables if guess.of_household]
    if columns:
        told.append(f"{len(columns)} columns are the same for all of a household, and so are variables of households")
    found = heads.rows[[str(heads.of_rows.name), *columns]]
    return found.assign(household_weight=heads.weights)
