"""How well targets are met: relative errors, and the few figures that sum a run up."""

from __future__ import annotations

import numpy as np
import pandas as pd

WITHIN = 0.10


def relative_errors(estimates: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(estimate - value) / |value|; NaN where the value is zero or the estimate is missing."""
    out = np.full(len(values), np.nan)
    return np.divide(estimates - values, np.abs(values), out=out, where=values != 0)


def fit_within(targets: pd.DataFrame, within: float = WITHIN) -> float | None:
    """Share of the fitted targets whose final error is below `within`; None where none was fitted."""
    return _share(targets[(targets["role"] == "fit") & (targets["status"] == "fitted")], within)


def holdout_median_error(targets: pd.DataFrame) -> float | None:
    """Median absolute relative error over the supported targets that were held out; None without any."""
    errors = targets.loc[targets["status"] == "holdout", "rel_error_final"].abs().dropna()
    return float(errors.median()) if len(errors) else None


def _share(rows: pd.DataFrame, within: float) -> float | None:
    return float((rows["rel_error_final"].abs() < within).mean()) if len(rows) else None
