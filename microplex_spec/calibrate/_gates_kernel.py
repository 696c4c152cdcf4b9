"""Compiled passes of hard-concrete gates over a CSR matrix: open them at random, and step by the gradient.

Sums run over a fixed number of chunks of rows, as in `_dual_kernel`: the same bytes on one core and on many.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from ._dual_kernel import CHUNKS
from .distances import FAST

TEMPERATURE, LOW, HIGH = 2 / 3, -0.1, 1.1
"""Of the concrete distribution, and the interval that it is stretched to (Louizos, Welling and Kingma 2018)."""
SHIFT = TEMPERATURE * np.log(-LOW / HIGH)
"""A gate is open with the chance 1 / (1 + exp(SHIFT - log_alpha))."""
FIRST_DECAY, SECOND_DECAY, TINY = 0.9, 0.99, 1e-30


@njit(parallel=True, fastmath=FAST, cache=True)
def open_gates(indptr, columns, values, base, edges, log_alpha, log_ratio, draws, gate, slope, totals, support):
    """Gates (n,) at some uniforms, their slope (n,) in log_alpha; by chunk column totals and expected open gates.

    Records of base weight 0 have no gate.
    """
    for c in prange(CHUNKS):  # type: ignore[attr-defined]
        total = totals[c]
        total[:] = 0.0
        expected = 0.0
        for i in range(edges[c], edges[c + 1]):
            gate[i] = 0.0
            slope[i] = 0.0
            if base[i] == 0.0:
                continue
            expected += 1.0 / (1.0 + np.exp(SHIFT - log_alpha[i]))
            u = min(max(draws[i], 1e-12), 1.0 - 1e-12)
            s = 1.0 / (1.0 + np.exp(-(np.log(u / (1.0 - u)) + log_alpha[i]) / TEMPERATURE))
            z = s * (HIGH - LOW) + LOW
            if z <= 0.0:
                continue
            if z < 1.0:
                slope[i] = (HIGH - LOW) * s * (1.0 - s) / TEMPERATURE
            gate[i] = min(z, 1.0)
            w = base[i] * np.exp(log_ratio[i]) * gate[i]
            for p in range(indptr[i], indptr[i + 1]):
                total[columns[p]] += w * values[p]
        support[c] = expected


@njit(parallel=True, fastmath=FAST, cache=True)
def step_gates(
    indptr, columns, values, base, edges, pull, penalty, rate, corrections,
    log_alpha, log_ratio, gate, slope, moments,
):  # fmt: skip
    """One step of Adam (Kingma and Ba 2015) on log_alpha and log_ratio (n,), in place; moments (4, n) go with it.

    pull: (k,) gradient of the loss in the column totals. penalty: on the chance of an open gate.
    corrections: 1 / (1 - decay^t) of the two moments.
    """
    for c in prange(CHUNKS):  # type: ignore[attr-defined]
        for i in range(edges[c], edges[c + 1]):
            if base[i] == 0.0:
                continue
            open_chance = 1.0 / (1.0 + np.exp(SHIFT - log_alpha[i]))
            of_alpha = penalty * open_chance * (1.0 - open_chance)
            of_ratio = 0.0
            if gate[i] > 0.0:
                q = 0.0
                for p in range(indptr[i], indptr[i + 1]):
                    q += values[p] * pull[columns[p]]
                q *= base[i] * np.exp(log_ratio[i])
                of_alpha += q * slope[i]
                of_ratio = q * gate[i]
            moments[0, i] = FIRST_DECAY * moments[0, i] + (1.0 - FIRST_DECAY) * of_alpha
            moments[1, i] = SECOND_DECAY * moments[1, i] + (1.0 - SECOND_DECAY) * of_alpha * of_alpha
            moments[2, i] = FIRST_DECAY * moments[2, i] + (1.0 - FIRST_DECAY) * of_ratio
            moments[3, i] = SECOND_DECAY * moments[3, i] + (1.0 - SECOND_DECAY) * of_ratio * of_ratio
            log_alpha[i] -= rate * corrections[0] * moments[0, i] / (np.sqrt(corrections[1] * moments[1, i]) + TINY)
            log_ratio[i] -= rate * corrections[0] * moments[2, i] / (np.sqrt(corrections[1] * moments[3, i]) + TINY)
