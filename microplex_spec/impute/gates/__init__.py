"""Gates: classifiers that say with what probability a value is zero, or, if not zero, negative.

A three-sign variable takes two gates in a chain (a hurdle): with few negatives that fits better than one
classifier of three classes, and the second is asked only about the rows that the first lets through.
"""

from __future__ import annotations

from .base import Gate
from .forest import RfGate, RfIsotonicGate
from .hist_gb import HistGbGate
from .logistic import LogisticGate
from .mlp import MlpGate
from .share import ShareGate

__all__ = ["DEFAULT_GATE", "GATES", "GATE_PACKAGES", "Gate"]

GATES: dict[str, type[Gate]] = {
    "hist_gb": HistGbGate,
    "rf": RfGate,
    "rf_isotonic": RfIsotonicGate,
    "logistic": LogisticGate,
    "mlp": MlpGate,
    "none": ShareGate,
}
DEFAULT_GATE = "hist_gb"
GATE_PACKAGES = ("numba", "scipy", "sklearn")
"""What decides their probabilities."""
