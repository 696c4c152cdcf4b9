"""Gates on their own: each column with zeros, the chance of a zero as a gate states it against what is the case."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ...evaluate.gate_scores import gate_scores
from ...impute.gates import GATES
from ...streams import stream_key
from .chain import Chain, matrix


def columns_with_zeros(chain: Chain, least: float) -> list[str]:
    """The drawn columns whose training rows are zero with a weighted share of at least `least`, and not all zero."""
    zero = {name: chain.judge.train[name].to_numpy() == 0 for name in chain.draw}
    return [
        name
        for name, is_zero in zero.items()
        if least <= np.average(is_zero, weights=chain.judge.train_weights) and not is_zero.all()
    ]


def try_gate(chain: Chain, gate: str, least_zeros: float) -> list[dict[str, Any]]:
    """Fit one gate to the zeros of each such column, and score what it states for the test rows, true values given."""
    found = []
    train, test = chain.judge.train, chain.judge.test
    for name in columns_with_zeros(chain, least_zeros):
        given = chain.predictors(name)
        seed = stream_key(chain.seed, f"bakeoff/gate/{name}") % 2**31
        begun = time.perf_counter()
        fitted = GATES[gate]().fit(matrix(train, given), train[name].to_numpy() == 0, chain.judge.train_weights, seed)
        done = time.perf_counter()
        stated = fitted.probability(matrix(test, given))
        asked = time.perf_counter()
        scores = gate_scores((test[name] == 0).to_numpy(), stated, chain.judge.weights)
        seconds = {"fit_seconds": round(done - begun, 4), "draw_seconds": round(asked - done, 4)}
        found.append({"variable": name, **scores, **seconds})
    return found
