"""One method on one split: fitted on training rows and drawn for test rows, column by column down the chain."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...evaluate.crps import crps_of_draws
from ...evaluate.synthesis import Judge
from ...impute import make_imputer
from ...impute.base import Imputer
from ...spec.errors import SpecError
from ...streams import stream_key

WARMING_ROWS = 400


@dataclass(frozen=True)
class Chain:
    """Rows to draw for and what to draw. conditions: given columns; draw: regime of each column, in chain order."""

    judge: Judge
    conditions: tuple[str, ...]
    draw: Mapping[str, str]
    seed: int

    def predictors(self, name: str) -> list[str]:
        """What a column is drawn from: the conditions, and the columns before it."""
        names = list(self.draw)
        return [*self.conditions, *names[: names.index(name)]]


@dataclass(frozen=True)
class Drawn:
    """The synthetic rows (m test rows), and by column: seconds to fit and to draw, the regime seen, and the CRPS."""

    rows: pd.DataFrame
    columns: Mapping[str, dict[str, Any]]


def warm_up(chain: Chain, imputer: str, params: Mapping[str, Any]) -> None:
    """Import and compile what a method needs, so that its first column does not pay for it."""
    few = chain.judge.train.head(WARMING_ROWS)
    for name, regime in chain.draw.items():
        with suppress(SpecError):
            made = _imputer(chain, name, imputer, regime, params)
            made.fit(matrix(few, chain.conditions), few[name].to_numpy(), chain.judge.train_weights[:WARMING_ROWS])
            made.draw(matrix(few, chain.conditions), chain.seed)
            return


def draw_chain(chain: Chain, imputer: str, params: Mapping[str, Any], crps_draws: int) -> Drawn:
    """Fit each column on true values of those before it, and draw it from drawn ones.

    A column's CRPS is that of `crps_draws` draws from the true values of the test rows, so that it tells how good this
    imputer is for this column, whatever went wrong before it. It is not part of the seconds. Raises SpecError, which
    names the column, for what the imputer cannot serve.
    """
    train, test = chain.judge.train, chain.judge.test
    synthetic, told = test.copy(), {}
    for name, regime in chain.draw.items():
        given = chain.predictors(name)
        begun = time.perf_counter()
        try:
            made = _imputer(chain, name, imputer, regime, params)
            made.fit(matrix(train, given), train[name].to_numpy(), sample_weight=chain.judge.train_weights)
        except SpecError as error:
            raise SpecError(f"{name}: {error}") from None
        fitted = time.perf_counter()
        synthetic[name] = made.draw(matrix(synthetic, given), chain.seed)
        drawn = time.perf_counter()
        told[name] = {
            "regime": made.regime_.name,
            "fit_seconds": round(fitted - begun, 4),
            "draw_seconds": round(drawn - fitted, 4),
            "crps": _crps(chain, made, name, matrix(test, given), crps_draws),
        }
    return Drawn(synthetic, told)


def _crps(chain: Chain, made: Imputer, name: str, X: np.ndarray, draws: int) -> float:
    """On the signed-log scale, under the design weights of the test rows."""
    seeds = [stream_key(chain.seed, f"bakeoff/crps/{number}") % 2**31 for number in range(draws)]
    values = np.column_stack([made.draw(X, seed) for seed in seeds])
    return crps_of_draws(chain.judge.test[name], values, chain.judge.weights)


def _imputer(chain: Chain, name: str, imputer: str, regime: str, params: Mapping[str, Any]) -> Imputer:
    return make_imputer(imputer, regime=regime, seed=chain.seed, stream=name, **params)


def matrix(rows: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """(rows, names) float32, C-ordered."""
    return np.ascontiguousarray(rows[list(names)].to_numpy(dtype=np.float32))
