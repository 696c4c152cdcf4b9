"""What work costs: the common currency in which every backend predicts and the compiler chooses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Predicted wall seconds on two cores, and peak resident bytes beyond those of the idle process."""

    seconds: float = 0.0
    bytes: int = 0

    def __add__(self, other: Cost) -> Cost:
        """Work done one after the other: seconds add up, the peak is the higher one."""
        return Cost(self.seconds + other.seconds, max(self.bytes, other.bytes))


FREE = Cost()


@dataclass(frozen=True)
class ImputeShape:
    """What an imputation's cost depends on; recipients=0 asks for the fit alone.

    share_zero: weighted share of zeros among the donors, which per-sign models leave out.
    """

    donors: int
    recipients: int
    predictors: int
    regime: str = "continuous"
    share_zero: float = 0.0


@dataclass(frozen=True)
class CalibrationShape:
    """The size of a calibration problem: rows, columns and stored values of its matrix."""

    records: int
    targets: int
    nonzeros: int
