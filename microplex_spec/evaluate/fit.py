"""How well targets are met, those that weights were fitted to and those held out: errors and their summaries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

WITHIN = 0.10


def relative_errors(estimates: np.ndarray, values: np.ndarray, scale: np.ndarray | None = None) -> np.ndarray:
    """(estimate - value) / scale, by default |value|; NaN where the scale is zero or either is missing."""
    out = np.full(len(values), np.nan)
    scale = np.abs(values) if scale is None else scale
    return np.divide(estimates - values, scale, out=out, where=scale != 0)


def fit_within(targets: pd.DataFrame, within: float = WITHIN) -> float | None:
    """Share of the fitted targets whose final error is below `within`; None where none was fitted."""
    errors = fitted_errors(targets)
    return float((errors < within).mean()) if len(errors) else None


def fit_median_error(targets: pd.DataFrame) -> float | None:
    """Median absolute relative error over the fitted targets: in-sample, so no measure of the file by itself."""
    return _median(fitted_errors(targets))


def holdout_median_error(targets: pd.DataFrame) -> float | None:
    """Median absolute relative error over what weights had not seen; None where nothing was held out."""
    return _median(held_out_errors(targets))


def fitted_errors(targets: pd.DataFrame) -> pd.Series:
    """Absolute final errors of the fitted targets."""
    return targets.loc[(targets["role"] == "fit") & (targets["status"] == "fitted"), "rel_error_final"].abs()


def held_out_errors(targets: pd.DataFrame) -> pd.Series:
    """Absolute errors out of sample: of fitted targets from the fold without them, of the role holdout in the end."""
    folds = targets.loc[targets["status"] == "fitted", "rel_error_held_out"]
    apart = targets.loc[targets["status"] == "holdout", "rel_error_final"]
    return pd.concat([folds, apart]).abs().dropna()


def held_out_table(targets: pd.DataFrame, by: str) -> list[dict[str, Any]]:
    """Errors in sample beside those out of sample for each value of the column `by`, the worst out of sample first.

    Of each: its name, how many targets were `fitted` and how many `held_out`, medians of absolute relative errors, and
    shares of targets below 10 %. None stands for figures of no target.
    """
    rows = []
    for name, group in targets.groupby(by, sort=True):
        inside, outside = fitted_errors(group), held_out_errors(group)
        if len(inside) or len(outside):
            rows.append(
                {
                    "name": str(name),
                    "fitted": len(inside),
                    "held_out": len(outside),
                    "fit_median_error": _median(inside),
                    "holdout_median_error": _median(outside),
                    "fit_within_10pct": float((inside < WITHIN).mean()) if len(inside) else None,
                    "holdout_within_10pct": float((outside < WITHIN).mean()) if len(outside) else None,
                }
            )
    return sorted(rows, key=lambda row: (-_or_none(row["holdout_median_error"]), row["name"]))


def _or_none(error: float | None) -> float:
    return -1.0 if error is None else error


def _median(errors: pd.Series) -> float | None:
    known = errors.dropna()
    return float(known.median()) if len(known) else None
