"""One variable imputed by microimpute's QRF, in the Python that has it: called by imputation.py, not by hand.

    PYTHON microimpute_qrf.py FOLDER TREES DRAWS

Reads donors.csv (predictors, y, w), recipients.csv and held.csv of the folder, writes drawn.npy (rows,), held.npy
(rows, DRAWS) and figures.json.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from measuring import measured
from microimpute.models import QRF


def main() -> None:
    folder, trees, draws = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    donors, recipients, held = (pd.read_csv(folder / f"{name}.csv") for name in ("donors", "recipients", "held"))
    predictors = [column for column in donors if column not in ("y", "w")]
    QRF().fit(donors.head(200), predictors, ["y"], weight_col="w", n_estimators=2).predict(recipients.head(50))
    model, *fit = measured(lambda: QRF().fit(donors, predictors, ["y"], weight_col="w", n_estimators=trees))
    drawn, *draw = measured(lambda: model.predict(recipients))
    np.save(folder / "drawn.npy", _column(drawn))
    np.save(folder / "held.npy", np.column_stack([_column(model.predict(held)) for _ in range(draws)]))
    figures = {"version": version("microimpute"), "fit": fit, "draw": draw}
    (folder / "figures.json").write_text(json.dumps(figures), encoding="utf-8")


def _column(predicted: pd.DataFrame | dict[float, pd.DataFrame]) -> np.ndarray:
    frame = predicted if isinstance(predicted, pd.DataFrame) else next(iter(predicted.values()))
    return frame["y"].to_numpy(np.float64)


if __name__ == "__main__":
    main()
