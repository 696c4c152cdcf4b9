"""What every calibrator declares (capabilities, costs, version) and does (`solve`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ..spec.cost import CalibrationShape, Cost
from ..spec.libraries import versions_of

if TYPE_CHECKING:
    import numpy as np

    from .problem import CalibrationProblem, CalibrationResult


@dataclass(frozen=True)
class CalibratorCapabilities:
    """One row of the capability table; the compiler chooses by it, and the contract suite tests it.

    linear: takes any column of the matrix, not only the 0/1 margins of `margins_only`.
    signed_targets, zero_targets: takes targets below, or equal to, zero. leaves_out_zeros: fits the others without
        these instead of refusing them; so goes every mean and share, which is a difference of sums that is to be zero.
    bounds: keeps the ratios of weights to initial weights within the bounds of the problem.
    exact: meets feasible targets to 1e-6. soft: trades contradictory targets off by their tolerances.
    sparse_input: never makes the matrix dense.
    zero_weights: may give weight zero to a record that had a positive one.
    seeded: draws random numbers. record_budget: can keep a given number of records only, and its result then has a
        `base`.
    """

    linear: bool = True
    signed_targets: bool = True
    zero_targets: bool = True
    bounds: bool = True
    exact: bool = True
    soft: bool = True
    sparse_input: bool = True
    zero_weights: bool = False
    seeded: bool = False
    record_budget: bool = False
    margins_only: bool = False
    leaves_out_zeros: bool = False


class Calibrator(ABC):
    """A backend: parameters in `__init__`, nothing learned, one problem per `solve`.

    version: counts up with any change of code that changes weights, so that stored results are redone.
    warm_starts: whether it solves by multipliers, on the dual solver, from which a later solve can go on.
    """

    version: ClassVar[int]
    warm_starts: ClassVar[bool] = False
    capabilities: ClassVar[CalibratorCapabilities]

    @classmethod
    @abstractmethod
    def predict_cost(cls, shape: CalibrationShape, params: Mapping[str, Any]) -> Cost:
        """Predicted cost of a solve of this shape; imports nothing heavy."""

    @abstractmethod
    def solve(self, problem: CalibrationProblem, seed: int = 0, start: np.ndarray | None = None) -> CalibrationResult:
        """Weights for the problem. start: (k,) multipliers of an earlier result, where a backend has them."""

    @classmethod
    def libraries(cls) -> dict[str, str]:
        """Versions of the packages that decide its weights."""
        return versions_of(("numpy", "scipy", "numba"))

    def most_records(self) -> int | None:
        """The record budget; None without one."""
        return None

    def without_budget(self) -> Calibrator:
        """What moves the weights of chosen records later on: the backend itself, unless it chooses them."""
        return self

    def ratio_bounds(self) -> tuple[float, float]:
        """Lowest and highest ratio of a weight to its initial weight that the backend allows itself."""
        return 0.0, float("inf")
