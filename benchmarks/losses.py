"""Whether drawn losses are as many and as large as real ones: every record drawn by a model of others, summed up.

    python benchmarks/losses.py                                    # Tax-Calculator's CPS file
    python benchmarks/losses.py --scf scf2019_extract.csv.gz       # the Survey of Consumer Finances, too

Losses are rare and their amounts heavy-tailed, so that a fifth held out holds too few to judge by. Here groups
(households, families with their implicates) are dealt into folds, each drawn by an imputer fitted on the others,
several times over. Shares and totals are weighted; their standard errors are of the truth itself, over groups.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from cps_rows import PREDICTORS, cps

from microplex_spec.impute import make_imputer

FOLDS, DRAWS = 5, 5
SCF_GIVEN = ["AGE", "HHSEX", "EDCL", "MARRIED", "KIDS", "LF", "OCCAT1", "RACECL", "HOUSECL", "WAGEINC", "INTDIVINC"]


def crossed(X: np.ndarray, y: np.ndarray, w: np.ndarray, group: np.ndarray, imputer: str) -> np.ndarray:
    """(DRAWS, n) values of every record, drawn by an imputer that never saw its group."""
    _, number = np.unique(group, return_inverse=True)
    fold = np.random.default_rng(0).permutation(number.max() + 1)[number] % FOLDS
    drawn = np.empty((DRAWS, len(y)))
    ids = np.arange(len(y))
    for out in range(FOLDS):
        held = fold == out
        model = make_imputer(imputer, regime="three_sign", stream="losses").fit(X[~held], y[~held], w[~held])
        for draw in range(DRAWS):
            drawn[draw, held] = model.draw(X[held], draw, ids[held])
    return drawn


def told(name: str, y: np.ndarray, drawn: np.ndarray, w: np.ndarray, group: np.ndarray) -> str:
    """One row: share and total of losses, drawn over true, with the standard error of the truth."""
    cells = [f"{name:16s}", f"{np.count_nonzero(y < 0):7,d}"]
    for truth, copies in (((y < 0).astype(float), (drawn < 0).astype(float)), (np.minimum(y, 0), np.minimum(drawn, 0))):
        by_group = pd.Series(w * truth).groupby(group).sum()
        error = np.sqrt(len(by_group)) * by_group.std() / abs(by_group.sum())
        cells.append(f"{(copies * w).sum() / DRAWS / (truth * w).sum():10.3f} +- {error:5.3f}")
    return "  ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--imputer", default="regime_aware")
    parser.add_argument("--scf", type=Path, help="the summary extract of 2019, with its five implicates")
    asked = parser.parse_args()
    print(f"{asked.imputer}: losses drawn over true\n{'variable':16s}   losses       share             total")
    file = cps()
    X = file[PREDICTORS].to_numpy(np.float32)
    for name in ("e00900p", "e02100p"):
        y, w, group = (
            file[name].to_numpy(float),
            file.s006.to_numpy(float),
            (file.FLPDYR * 10**6 + file.h_seq).to_numpy(),
        )
        print(told(name, y, crossed(X, y, w, group, asked.imputer), w, group), flush=True)
    if asked.scf:
        scf = pd.read_csv(asked.scf)
        X, w, group = scf[SCF_GIVEN].to_numpy(np.float32), scf.WGT.to_numpy(), (scf.Y1 // 10).to_numpy()
        for name in ("KGINC", "BUSSEFARMINC", "KGTOTAL", "NETWORTH"):
            y = scf[name].to_numpy(float)
            print(told(name, y, crossed(X, y, w, group, asked.imputer), w, group), flush=True)


if __name__ == "__main__":
    main()
