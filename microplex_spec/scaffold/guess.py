"""What a column of a survey file seems to be: its unit and regime with the evidence, or why it is left out."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..sources.base import Dtype
from ..spec.regimes import MOST_COUNTS, infer_regime, observed_support

if TYPE_CHECKING:
    import pandas as pd

# Names by which surveys call things; a name is split at underscores, and digits at its end are dropped.
_AGES = {"age", "agep", "ages"}
_CODES = {
    *("sex", "hhsex", "gender", "race", "rac1p", "hisp", "marital", "married", "mar", "mars", "rel", "relationship"),
    *("state", "st", "fips", "county", "region", "puma", "division", "metro", "ten", "tenure", "status", "type"),
    *("educ", "edu", "edcl", "schl", "occ", "occp", "ind", "indp", "cow", "naics", "soc", "code", "cat", "cl"),
    *("marst", "hispan", "relate", "empstat", "labforce", "classwkr", "ownershp", "gq", "bpl", "citizen", "nativity"),
}
# Places under any of their names: statefip, county_fips, gestfips.
_PLACE_CODE = re.compile(r"fips?$")
_ID = re.compile(r"(^|_)(id|key|recid|record|uid|caseid|serial|serialno)($|_)|^id|id$")
_HOUSEHOLD = re.compile(r"serial|household|^(hhid|hh_id|idhh|h_seq|hid|h_id|hhnum|hrhhid|hseq|h_idnum)$")
_WEIGHT = re.compile(r"weight|wgt|^(wt|s006)$|_wt$|^(per|hh|asec|final|f)wt")
_REPLICATE = re.compile(r"[0-9]$")

FIRST_YEAR, LAST_YEAR = 1900, 2100
_OLDEST = 130
# Counts in surveys (persons, rooms, weeks) stay below; ids and amounts go on.
_MOST_COUNTED = 100
_MOST_NUMBERED_CODES = 1000
# A code for missing: all nines (999, 9999999) in this share of the rows, with this share of it free below.
_MISSING_CODES = 0.005
_FREE_BELOW = 0.1
# Values next to all nines mean kinds of missing, too (9999998: refused, say).
_KINDS_OF_MISSING = 3
# No leading zero, which speaks for a code. A survey marks what is missing by a few texts, such as '.'.
_NUMBER = re.compile(r"[-+]?(?=\.?[0-9])(0|[1-9][0-9]*)?(\.[0-9]*)?")
_MOST_OTHERS = 3
# Of texts: more different ones than this, in more than half of the rows, are words and no codes.
_MOST_CODES = 50
# From this share of different values a column that is called an id was meant to tell rows apart.
_NEARLY_UNIQUE = 0.9


@dataclass(frozen=True)
class Guess:
    """A variable made of a column. dtype: what the reader must be told of it; None where the file says it.

    unit_evidence, regime_evidence: what in the data or the name speaks for each. missing: share of the rows (0..1).
    suspect: what seems to be no value but a code for a missing one, with its share; empty where nothing does.
    alike: of a column of persons, what is to be said of members of a household who all have the same.
    of_household: whether it is a variable of the household, and not of the persons in whose rows it stands.
    """

    column: str
    name: str
    unit: str
    unit_evidence: str
    regime: str
    regime_evidence: str = ""
    dtype: Dtype | None = None
    missing: float = 0.0
    suspect: str = ""
    alike: str = ""
    of_household: bool = False


@dataclass(frozen=True)
class LeftOut:
    """A column that the spec does not read, and why."""

    column: str
    reason: str


def is_weight(name: str) -> bool:
    """Whether a column seems by its name to hold weights."""
    return bool(_WEIGHT.search(name.lower())) and not is_replicate(name)


def is_replicate(name: str) -> bool:
    """Whether a column seems by its name to hold replicate weights, or those of another year."""
    return name.lower() != "s006" and bool(_WEIGHT.search(name.lower()) and _REPLICATE.search(name))


def is_household_id(name: str) -> bool:
    return bool(_HOUSEHOLD.search(name.lower()))


def is_id(name: str) -> bool:
    return bool(_ID.search(name.lower())) or is_household_id(name)


def nearly_unique(column: pd.Series) -> bool:
    """Whether a column of ids tells most rows apart, so that the others repeat by mistake."""
    return bool(column.nunique() >= _NEARLY_UNIQUE * len(column))


def lies_together(column: pd.Series) -> bool:
    """Whether the rows of each value follow one another, as the members of a household do in survey files."""
    values = column.to_numpy()
    return bool(1 + np.count_nonzero(values[1:] != values[:-1]) == column.nunique())


def alike_within(groups: pd.Series, column: pd.Series) -> tuple[bool, float]:
    """Whether all rows of each group have the same value, and in how many groups chance would have two differ.

    groups: (n,) ids whose rows lie together. The number is what drawing values anew for each row would lead one to
    expect, at least: that of groups of two or more, times the share of pairs of rows that differ.
    """
    inside = groups.to_numpy()[1:] == groups.to_numpy()[:-1]
    codes = column.factorize()[0]
    if not inside.any() or (codes[1:] != codes[:-1])[inside].any():
        return False, 0.0
    shares = np.bincount(codes + 1) / len(codes)
    several = groups[1:][inside].nunique()
    return True, float(several * (1.0 - (shares**2).sum()))


def guess_column(column: str, name: str, kind: Dtype, values: pd.Series, weights: np.ndarray) -> Guess | LeftOut:
    """What one column seems to be. values: (n,) numbers, or texts of a code or flag; weights: (n,)."""
    present = values.notna().to_numpy()
    missing = 1.0 - float(present.mean())
    if not present.any():
        return LeftOut(column, "holds no values")
    if kind == "number":
        numbers = values[present].to_numpy(dtype=np.float64)
        if not np.isfinite(numbers).all():
            return LeftOut(column, f"{np.count_nonzero(~np.isfinite(numbers)):,} values are infinite")
        return _number(column, name, values, numbers, weights[present], missing)
    distinct = int(values.nunique())
    if kind == "bool" and not missing:
        share = _percent(_is_true(values), weights)
        return Guess(column, name, "flag", "booleans", "binary", f"{share} true", "bool")
    spoiled = _spoiled_numbers(values)
    if distinct > _MOST_CODES and (spoiled or distinct > present.sum() / 2):
        return LeftOut(column, spoiled or f"free text: {distinct:,} different ones in {present.sum():,} rows")
    texts = f"{distinct:,} different texts" + (f", {spoiled}" if spoiled else "")
    why = "booleans, but some are missing" if kind == "bool" else texts
    return Guess(column, name, "code", why, "categorical", dtype="code", missing=missing)


def variable_name(column: str, taken: set[str]) -> str:
    """A name of the language for a column: letters, digits and _, no keyword, and none that is taken."""
    name = re.sub(r"\W+", "_", column.strip(), flags=re.ASCII).strip("_") or "column"
    if name[0].isdigit() or keyword.iskeyword(name) or name in taken:
        name = f"v_{name}"
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def _number(
    column: str, name: str, values: pd.Series, numbers: np.ndarray, weights: np.ndarray, missing: float
) -> Guess:
    support = observed_support(numbers, weights)
    regime = infer_regime(support).name
    unit, evidence = _unit(column, numbers, regime, support.distinct, bool(missing), values.is_monotonic_increasing)
    if unit == "code":
        return Guess(column, name, unit, evidence, "categorical", dtype="code", missing=missing)
    signs = _signs(support.share_zero, support.share_negative, regime)
    dtype: Dtype | None = "bool" if unit == "flag" else None
    return Guess(column, name, unit, evidence, regime, signs, dtype, missing, _suspect(numbers, weights))


def _suspect(numbers: np.ndarray, weights: np.ndarray) -> str:
    """A maximum of all nines that many rows share and that lies far from the rest: a code for a missing amount?"""
    high = float(numbers.max())
    if high < 99 or set(f"{high:.10g}") != {"9"}:
        return ""
    coded = numbers > high - _KINDS_OF_MISSING
    if coded.mean() < _MISSING_CODES or coded.all() or numbers[~coded].max() > (1 - _FREE_BELOW) * high:
        return ""
    others = numbers[coded].min()
    which = f"{high:,.0f}" if others == high else f"{others:,.0f} to {high:,.0f}"
    return f"{which} in {_percent(coded, weights)}, far above the rest (at most {numbers[~coded].max():,.10g})"


def _unit(column: str, numbers: np.ndarray, regime: str, distinct: int, missing: bool, rising: bool) -> tuple[str, str]:
    """The unit of a column of numbers, and what speaks for it."""
    low, high = float(numbers.min()), float(numbers.max())
    span = f"{distinct:,} different values from {low:,.10g} to {high:,.10g}"
    whole = bool((numbers == np.floor(numbers)).all())
    parts = {column.lower(), *re.sub(r"[0-9]+$", "", column.lower()).split("_")}
    if regime == "binary" and not missing:
        return "flag", "0 and 1 only"
    if parts & _AGES and low >= 0 and high <= _OLDEST:
        return "years", f"by its name; {span}"
    if (parts & _CODES or _PLACE_CODE.search(column.lower())) and whole and distinct <= _MOST_NUMBERED_CODES:
        return "code", f"by its name; {span}"
    if whole and is_id(column):
        return "id", f"by its name; {span}"
    if whole and rising and not missing and distinct > _MOST_COUNTED:
        return "id", f"whole numbers that never fall down the file; {span}"
    if whole and low >= FIRST_YEAR and high <= LAST_YEAR:
        return "id", f"years of the calendar; {span}"
    if whole and low >= 0 and distinct <= MOST_COUNTS and high <= _MOST_COUNTED:
        return "count", f"few whole numbers, or are they codes? {span}"
    if not whole and low >= 0 and high <= 1:
        return "share", span
    return "usd", span


def _signs(zero: float, negative: float, regime: str) -> str:
    """The weighted shares that speak for a regime."""
    if regime in ("positive", "negative"):
        return f"all {regime}"
    shares = [f"{share:.1%} {sign}" for share, sign in ((zero, "zero"), (negative, "negative")) if share]
    return ", ".join(shares).replace("%", " %") or "none zero or negative"


def _spoiled_numbers(values: pd.Series) -> str:
    """What makes texts of numbers: a few others among them, separators or signs; empty where nothing does so."""
    texts = list(map(str, values.dropna().unique()))
    bare = {text: text.strip().replace(",", "").replace("$", "").removesuffix("%") for text in texts}
    others = sorted(text for text in texts if not _NUMBER.fullmatch(bare[text]))
    if len(others) > _MOST_OTHERS or len(others) >= len(texts) / 2:
        return ""
    if others:
        return f"numbers but for {', '.join(map(repr, others))}: with empty cells instead they could be read as such"
    signed = next((text for text in texts if text != bare[text]), None)
    return f"numbers written like {signed!r}: they could be read without signs and separators" if signed else ""


def _is_true(texts: pd.Series) -> np.ndarray:
    """(n,) texts of booleans as such, by the parser that took them for booleans: true, True, TRUE."""
    import pyarrow as pa

    return pa.array(texts, pa.string()).cast(pa.bool_()).to_numpy(zero_copy_only=False)


def _percent(chosen: np.ndarray, weights: np.ndarray) -> str:
    return f"{weights[chosen].sum() / (weights.sum() or 1.0):.1%}".replace("%", " %")
