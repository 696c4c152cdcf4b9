"""Rows of Tax-Calculator's CPS file as donors and recipients of the imputation benchmarks."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

PREDICTORS = [
    *("age_head", "age_spouse", "MARS", "XTOT", "fips", "nu06", "nu13", "nu18", "n1820", "n21"),
    *("e00200", "e02400", "e02300", "DSI"),
]


def cps(columns: Iterable[str] | None = None) -> pd.DataFrame:
    """The file inside the taxcalc package: the columns asked for beside the predictors, weight and year; else all."""
    spec = importlib.util.find_spec("taxcalc")
    if spec is None or spec.origin is None:
        raise SystemExit("the taxcalc package is not installed")
    wanted = None if columns is None else {*columns, *PREDICTORS, "s006", "FLPDYR"}
    return pd.read_csv(Path(spec.origin).parent / "cps.csv.gz", usecols=None if wanted is None else sorted(wanted))
