"""Imputers side by side on Tax-Calculator's CPS file: fit seconds, draw speed, peak memory, shares against the donors'.

    python benchmarks/imputers.py --recipients 500000 --donors 40000

Wall times are those of a free machine only; the CPU seconds beside them hold on a busy one too.
"""

from __future__ import annotations

import argparse
from functools import partial

import numpy as np
import pandas as pd
from cps_rows import PREDICTORS, cps
from measuring import measured

from microplex_spec.impute import ImputeShape, make_imputer

VARIABLES = {"e00200": "zero_inflated", "e00600": "zero_inflated", "e00900p": "three_sign"}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--imputers", nargs="+", default=["qrf", "regime_aware"])
    parser.add_argument("--variables", nargs="+", default=list(VARIABLES), choices=VARIABLES)
    parser.add_argument("--donors", type=int, default=40_000)
    parser.add_argument("--recipients", type=int, default=500_000)
    parser.add_argument("--trees", type=int, default=100)
    args = parser.parse_args()

    file = cps(VARIABLES)
    donors = file[file.FLPDYR < 2014].sample(args.donors, random_state=0)
    recipients = file[file.FLPDYR == 2014].sample(args.recipients, replace=True, random_state=1)
    recipients = recipients.reset_index(drop=True)
    # The first call compiles the kernels, or loads them from numba's cache.
    warm = make_imputer("regime_aware", regime="three_sign", trees=2)
    warm.fit(donors[PREDICTORS], donors.e00900p).draw(recipients[PREDICTORS].head(), 0)

    rows = recipients[PREDICTORS]
    table = []
    for name in args.imputers:
        for variable in args.variables:
            predictors = [column for column in PREDICTORS if column != variable]
            X, y, w = donors[predictors], donors[variable], donors.s006
            regime = VARIABLES[variable]
            imputer = make_imputer(name, regime=regime, stream=variable, trees=args.trees)
            _, *fit = measured(partial(imputer.fit, X, y, w))
            drawn, *draw = measured(partial(imputer.draw, rows, seed=7))
            zero, negative = (float(np.average(mask, weights=w)) for mask in (y == 0, y < 0))
            shape = ImputeShape(len(X), len(rows), len(predictors), regime, zero)
            cost = imputer.predict_cost(shape, {"trees": args.trees})
            table.append(
                {
                    "imputer": name,
                    "variable": variable,
                    **dict(zip(("fit s", "fit cpu", "fit GB"), fit, strict=True)),
                    **dict(zip(("draw s", "draw cpu", "draw GB"), draw, strict=True)),
                    "M rows/s": len(rows) / draw[0] / 1e6,
                    "predicted s": cost.seconds,
                    "predicted GB": cost.bytes / 1e9,
                    "zero": zero,
                    "zero drawn": float((drawn == 0).mean()),
                    "negative": negative,
                    "negative drawn": float((drawn < 0).mean()),
                }
            )
    print(f"{args.donors:,} donors, {args.recipients:,} recipients, {args.trees} trees")
    print(pd.DataFrame(table).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
