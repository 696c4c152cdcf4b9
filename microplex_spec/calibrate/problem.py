"""What a calibrator is asked (`CalibrationProblem`) and what it answers (`CalibrationResult`)."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from ..spec.errors import Problems

EXACT = 1e-6
"""Relative tolerance of a target that is to be met exactly."""

BLOCK_NONZEROS = 1 << 22
_MATRIX = "it must be of real numbers, one row a record and one column a target"


@dataclass(frozen=True, eq=False)
class CalibrationProblem:
    """Find weights near the initial ones whose column sums over a sparse matrix meet the targets.

    Checked when made, all faults at once, each naming its target; the arrays given are never altered.

    matrix: scipy CSR (n_records, n_targets), float32 or float64 values kept as they are.
    targets: (k,) in the units of the matrix columns. initial_weights: (n,), at least 0, not all 0.
    tolerance: None (exact: 1e-6), or one relative tolerance for all, or (k,).
    bounds: None, or (lowest, highest) ratio of a weight to its initial weight, on either side of 1.
    names: (k,) of the targets, for messages.
    relative_to: (k,) what errors are relative to; None: |target|, and for a target of zero the gross initial total of
        its column, the sum of |a_ij| w0_i.
    domains: None, or scipy CSR (n_records, n_targets). Its column j holds what counts in the domain of the mean or
        share that column j of the matrix linearises, nothing for totals: `relative_to` is then by unit of the domain's
        weight, and the error is judged by that weight in the end, whatever it was in the beginning.
    Raises SpecError.
    """

    matrix: Any
    targets: np.ndarray
    initial_weights: np.ndarray
    tolerance: np.ndarray | float | None = None
    bounds: tuple[float, float] | None = None
    names: Sequence[str] | None = None
    relative_to: np.ndarray | None = None
    domains: Any | None = None
    gross: np.ndarray = field(init=False, repr=False)
    """(k,) gross initial totals, the sums of |a_ij| w0_i."""

    def __post_init__(self) -> None:
        def put(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        problems = Problems()
        put("matrix", _canonical_csr(self.matrix, problems))
        targets = _numbers("target values", self.targets, problems)
        weights = _numbers("initial weights", self.initial_weights, problems)
        problems.raise_if_any()
        put("targets", np.atleast_1d(targets))
        put("initial_weights", np.atleast_1d(weights))
        n, k = self.matrix.shape
        if n == 0 or k == 0:
            problems.add(f"the calibration matrix is empty: {n} records, {k} targets")
        if self.targets.shape != (k,):
            problems.add(f"the matrix has {k} targets, but {_sizes(self.targets)} target values are given")
        if self.initial_weights.shape != (n,):
            problems.add(f"the matrix has {n} records, but {_sizes(self.initial_weights)} initial weights are given")
        if self.names is not None and len(self.names) != k:
            problems.add(f"the matrix has {k} targets, but {len(self.names)} names are given")
        if self.domains is not None and self.domains.shape != (n, k):
            problems.add(f"the matrix is {n} x {k}, but its domains are {_sizes(self.domains)}")
        problems.raise_if_any()
        put("tolerance", _tolerance(self.tolerance, k, self.name, problems))
        put("bounds", _bounds(self.bounds, problems))
        self._check_values(problems)
        problems.raise_if_any()

    def _check_values(self, problems: Problems) -> None:
        w0 = self.initial_weights
        if not np.isfinite(w0).all():
            problems.add(f"{np.count_nonzero(~np.isfinite(w0))} initial weights are not finite")
        elif (w0 < 0).any():
            problems.add(f"{np.count_nonzero(w0 < 0)} initial weights are negative")
        elif not (w0 > 0).any():
            problems.add("all initial weights are zero")
        for j in np.flatnonzero(~np.isfinite(self.targets)):
            problems.add(f"target {self.name(j)!r} has the value {self.targets[j]}")
        problems.raise_if_any()
        gross = weighted_sums(self.matrix, w0, absolute=True)
        release(self.matrix.indices)
        object.__setattr__(self, "gross", gross)
        for j in np.flatnonzero(~np.isfinite(gross)):
            problems.add(f"target {self.name(j)!r} has records whose value is not finite")
        for j in np.flatnonzero(gross == 0):
            problems.add(f"target {self.name(j)!r} has no record with a weight to support it")
        usual = np.where(self.targets == 0, gross, np.abs(self.targets))
        object.__setattr__(self, "relative_to", usual if self.relative_to is None else np.asarray(self.relative_to))

    def name(self, j: int | np.integer) -> str:
        """The name of target j in messages."""
        return str(self.names[int(j)]) if self.names is not None else str(j)

    @cached_property
    def scale(self) -> np.ndarray:
        """(k,) what errors are relative to under the initial weights, in the units of the matrix columns."""
        return self._scale(self.initial_weights)

    def _scale(self, weights: np.ndarray) -> np.ndarray:
        """(k,) the same under other weights: that of a mean or share goes with the weight of its domain."""
        relative_to = np.asarray(self.relative_to)
        if self.domains is None:
            return relative_to
        ratio = np.bincount(self.domains.indices, minlength=relative_to.size) > 0
        return np.where(ratio, relative_to * weighted_sums(self.domains, weights), relative_to)

    @cached_property
    def initial_estimates(self) -> np.ndarray:
        """(k,) totals under the initial weights."""
        return weighted_sums(self.matrix, self.initial_weights)

    def reachable(self, lower: float, upper: float) -> tuple[np.ndarray, np.ndarray]:
        """(k,) lowest and highest total that any ratios within the bounds give, each target by itself."""
        return reach(self.initial_estimates, self.gross, lower, upper)

    def judge(
        self,
        weights: np.ndarray,
        *,
        iterations: int = 0,
        ended: str,
        multipliers: np.ndarray | None = None,
        seconds: float = 0.0,
        bounds: tuple[float, float] = (0.0, np.inf),
        estimates: np.ndarray | None = None,
    ) -> CalibrationResult:
        """The result of a backend: the one place that says what `converged` means.

        ended: how the backend came to its end, e.g. "stopped after 300 iterations"; it opens the reason.
        bounds: of the ratios the backend allowed itself; a target out of their reach is named.
        estimates: (k,) totals under the weights, from a backend that has summed them in float64 already.
        """
        if estimates is None:
            estimates = weighted_sums(self.matrix, weights)
        scale = self._scale(weights)
        # A domain that came to nothing has no mean: it is as far off as a total that came to nothing.
        errors = np.divide(estimates - self.targets, scale, out=np.full(scale.size, -1.0), where=scale > 0)
        outside = np.flatnonzero(~(np.abs(errors) <= self.tolerance))
        reason = ended
        if outside.size:
            worst = outside[np.argmax(np.abs(errors[outside]))]
            reason += (
                f"; {outside.size} of {errors.size} targets outside tolerance, "
                f"worst {self.name(worst)!r} at {errors[worst]:+.3%}"
            )
            reason += self._out_of_reach(outside, bounds)
        return CalibrationResult(
            weights=weights,
            converged=outside.size == 0,
            iterations=iterations,
            estimates=estimates,
            relative_errors=errors,
            reason=reason,
            multipliers=np.zeros(errors.size) if multipliers is None else multipliers,
            seconds=seconds,
        )

    def _out_of_reach(self, outside: np.ndarray, bounds: tuple[float, float]) -> str:
        upper = min(bounds[1], 1e300 / self.gross.max())
        lowest, highest = self.reachable(bounds[0], upper)
        slack = self.tolerance * self.scale
        far = [j for j in outside if self.targets[j] + slack[j] < lowest[j] or self.targets[j] - slack[j] > highest[j]]
        if not far:
            return ""
        j = far[0]
        limit = f"at least {lowest[j]:.6g}" if self.targets[j] < lowest[j] else f"at most {highest[j]:.6g}"
        return (
            f"; {len(far)} out of reach of any weights allowed, "
            f"such as {self.name(j)!r}: {self.targets[j]:.6g}, where they give {limit}"
        )


@dataclass(frozen=True, eq=False)
class CalibrationResult:
    """Weights, one per record in the order given, at least 0; and how well they meet the targets.

    converged: every target within its tolerance, whatever the backend. reason: how the solve ended, and
    what is outside tolerance. relative_errors: (k,) signed. multipliers: (k,) of the dual, to start the
    next solve from; zeros from a backend that has none. seconds: of the solve. base: None, or where a record budget
    has dropped records (n,) what the weights of those kept are bounded against, 0 of those dropped.
    """

    weights: np.ndarray
    converged: bool
    iterations: int
    estimates: np.ndarray
    relative_errors: np.ndarray
    reason: str
    multipliers: np.ndarray
    seconds: float = 0.0
    base: np.ndarray | None = None


def reach(net: np.ndarray, gross: np.ndarray, lower: float, upper: float) -> tuple[np.ndarray, np.ndarray]:
    """(k,) lowest and highest total that ratios from lower to upper give, from initial sums of a_ij and of |a_ij|.

    upper may be infinite: what has no records of a sign is not moved by them.
    """
    gains, losses = (gross + net) / 2, (gross - net) / 2
    with np.errstate(invalid="ignore"):
        up = [np.where(gains > 0, ratio * gains, 0.0) for ratio in (lower, upper)]
        down = [np.where(losses > 0, ratio * losses, 0.0) for ratio in (lower, upper)]
    return up[0] - down[1], up[1] - down[0]


def weighted_sums(matrix: Any, weights: np.ndarray, absolute: bool = False) -> np.ndarray:
    """(k,) column sums of a CSR matrix under row weights, in float64, a block of rows at a time.

    Blocks keep the float64 copy that a product makes of float32 values small.
    """
    from scipy.sparse import csr_array

    total = np.zeros(matrix.shape[1])
    for rows in _row_blocks(matrix.indptr):
        first, last = matrix.indptr[rows.start], matrix.indptr[rows.stop]
        values = matrix.data[first:last].astype(np.float64)
        if absolute:
            np.abs(values, out=values)
        shape = (rows.stop - rows.start, matrix.shape[1])
        pointers = matrix.indptr[rows.start : rows.stop + 1] - first
        block = csr_array((values, matrix.indices[first:last], pointers), shape=shape)
        total += block.T @ weights[rows]
    return total


def release(array: np.ndarray) -> None:
    """Give back the resident pages of an array that is mapped read-only from a file; it reads them again when used.

    So that a matrix larger than memory can be solved from disk. Any other array is left as it is.
    """
    owner: Any = array
    while owner is not None and not isinstance(owner, np.memmap):
        owner = getattr(owner, "base", None)
    if owner is not None and owner.mode == "r" and hasattr(mmap, "MADV_DONTNEED"):
        mapped: Any = owner
        mapped._mmap.madvise(mmap.MADV_DONTNEED)


def _row_blocks(indptr: np.ndarray) -> Iterator[slice]:
    cuts = np.searchsorted(indptr, np.arange(BLOCK_NONZEROS, indptr[-1], BLOCK_NONZEROS))
    edges = np.unique(np.concatenate([[0], cuts, [indptr.size - 1]]))
    for start, stop in pairwise(edges):
        yield slice(int(start), int(stop))


def _numbers(what: str, given: Any, problems: Problems) -> np.ndarray | None:
    """The values given as float64, without a copy where they are so; None, and a problem, if they are no numbers."""
    try:
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        problems.add(f"the {what} are no numbers: {error}")
        return None


def _sizes(values: np.ndarray) -> str:
    """3, or 3 x 1."""
    return " x ".join(map(str, values.shape))


def _canonical_csr(matrix: Any, problems: Problems) -> Any:
    """The matrix as CSR with sorted columns and floating values; the caller's own where it is so already."""
    from scipy.sparse import csr_array

    try:
        own = csr_array(matrix)
    except (TypeError, ValueError) as error:
        problems.add(f"the calibration matrix is no table of numbers: {error}")
        return None
    if own.ndim != 2 or own.dtype.kind not in "biuf":
        problems.add(f"the calibration matrix has shape {own.shape} and values of type {own.dtype}", hint=_MATRIX)
        return None
    if own.data.dtype not in (np.float32, np.float64):
        own = own.astype(np.float64)
    if not own.has_canonical_format:
        own = own.copy()
        own.sum_duplicates()
    return own


def _tolerance(given: Any, k: int, name: Any, problems: Problems) -> np.ndarray:
    values = _numbers("tolerances", EXACT if given is None else given, problems)
    if values is None:
        return np.full(k, EXACT)
    if values.ndim and values.shape != (k,):
        problems.add(f"the matrix has {k} targets, but {_sizes(values)} tolerances are given")
        return np.full(k, EXACT)
    values = np.broadcast_to(values, (k,))
    for j in np.flatnonzero(~(np.isfinite(values) & (values >= 0))):
        problems.add(f"target {name(j)!r} has the tolerance {values[j]}", hint="it must be finite and at least 0")
    return np.maximum(values, EXACT)


def _bounds(given: Any, problems: Problems) -> tuple[float, float] | None:
    if given is None:
        return None
    pair = _numbers("bounds of weight ratios", given, problems)
    if pair is None:
        return None
    if pair.shape != (2,):
        problems.add(f"{given!r} are no bounds of weight ratios", hint="give a pair, the lowest ratio and the highest")
        return None
    lower, upper = map(float, pair)
    check_ratio_bounds(lower, upper, problems)
    return lower, upper


def check_ratio_bounds(lower: float, upper: float, problems: Problems) -> None:
    """Report bounds that leave no room on either side of the ratio 1."""
    if not 0 <= lower < 1:
        problems.add(f"the lower bound of weight ratios is {lower}", hint="it must be at least 0 and below 1")
    if not upper > 1:
        problems.add(f"the upper bound of weight ratios is {upper}", hint="it must be above 1")
