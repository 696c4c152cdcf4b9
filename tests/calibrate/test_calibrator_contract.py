"""The contract that every registered calibrator keeps, on systems from plain to contradictory.

What a calibrator does not claim in its capability row is skipped, with the row as the reason; it may refuse such a
system by a SpecError, or do what it can. Any other gap stands in `GAPS` as an expected failure with its reason.
A calibrator with a record budget is given one that makes it drop records of every system.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from scipy.sparse import csr_array, diags_array, hstack

from microplex_spec.calibrate import CalibrationProblem, CalibrationResult, make_calibrator
from microplex_spec.calibrate.base import Calibrator
from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.registry import CALIBRATORS

N = 400
SHARE_KEPT = 0.6
"""Budget of calibrators that have one, as a share of the records that weigh anything."""
LOOSE = 0.1
"""Tolerance asked of calibrators that do not claim to meet targets exactly."""
GAPS: dict[tuple[str, str], str] = {}
"""(calibrator, case): why it does not do there what its capability row claims."""


@dataclass(frozen=True)
class System:
    """A calibration system, and the capabilities that a calibrator needs to take it on, or to meet all its targets."""

    matrix: csr_array
    targets: np.ndarray
    weights: np.ndarray
    needs: tuple[str, ...] = ("linear",)
    meets: tuple[str, ...] = ()
    tolerance: float | None = None
    bounds: tuple[float, float] | None = None

    def problem(self, exact: bool = True) -> CalibrationProblem:
        tolerance = self.tolerance if exact else max(self.tolerance or 0, LOOSE)
        return CalibrationProblem(self.matrix, self.targets, self.weights, tolerance, self.bounds)


def amounts(seed: int = 0, n: int = N, k: int = 8) -> csr_array:
    g = np.random.default_rng(seed)
    return csr_array((g.random((n, k)) < 0.3) * g.lognormal(0, 1, (n, k)))


def design(seed: int = 1, n: int = N) -> np.ndarray:
    return np.random.default_rng(seed).lognormal(3, 0.5, n)


def truth(weights: np.ndarray, seed: int = 2) -> np.ndarray:
    """Weights that do meet the targets: the design weights times ratios between about a half and two."""
    return weights * np.exp(np.random.default_rng(seed).normal(0, 0.25, weights.size))


def feasible() -> System:
    a, w = amounts(), design()
    return System(a, a.T @ truth(w), w)


def signed() -> System:
    a, w = amounts(), design()
    a.data *= np.where(np.random.default_rng(3).random(a.nnz) < 0.6, -1, 1)
    return System(a, a.T @ truth(w), w, ("linear", "signed_targets"))


def zero_target() -> System:
    a, w = amounts(), design()
    total = a.T @ truth(w)
    centred = csr_array(a.toarray() - total / truth(w).sum())
    return System(centred, np.zeros(total.size), w, ("linear", "zero_targets"))


def collinear() -> System:
    a, w = amounts(), design()
    a = hstack([a, csr_array(a.sum(axis=1)[:, None])]).tocsr()
    return System(a, a.T @ truth(w), w)


def duplicated() -> System:
    a, w = amounts(), design()
    a = hstack([a, a]).tocsr()
    return System(a, a.T @ truth(w), w)


def single_target() -> System:
    a, w = amounts(k=1), design()
    return System(a, a.T @ truth(w), w)


def single_record() -> System:
    return System(csr_array(np.array([[2.0]])), np.array([26.0]), np.array([10.0]))


def huge_scales() -> System:
    a, w = amounts(k=14), design()
    a = (a @ diags_array(10.0 ** np.arange(14))).tocsr()
    return System(a, a.T @ truth(w), w)


def single_precision() -> System:
    a, w = amounts().astype(np.float32), design()
    return System(a, a.T @ truth(w), w)


def zero_initial_weights() -> System:
    a, w = amounts(), design()
    w[::3] = 0
    return System(a, a.T @ truth(w), w)


def bounded() -> System:
    a, w = amounts(), design()
    return System(a, a.T @ np.clip(truth(w), 0.75 * w, 1.4 * w), w, ("linear", "bounds"), bounds=(0.7, 1.5))


def contradictory_within_tolerance() -> System:
    a, w = amounts(), design()
    t = a.T @ truth(w)
    return System(hstack([a, a]).tocsr(), np.concatenate([t, 1.1 * t]), w, meets=("soft",), tolerance=0.1)


def everything_at_once() -> System:
    """Signed, collinear, duplicated, in scales from 1 to 1e13, with records that weigh nothing."""
    plain = signed()
    a = hstack([plain.matrix, plain.matrix @ np.ones((8, 1)), plain.matrix]).tocsr()
    a = csr_array(a @ diags_array(10.0 ** np.linspace(0, 13, a.shape[1])))
    w = design()
    w[::7] = 0
    return System(a, a.T @ truth(w), w, plain.needs)


def margins() -> System:
    """Counts by two crossing groups: every record is in one cell of each."""
    g, w = np.random.default_rng(4), design()
    first, second = g.integers(0, 5, N), g.integers(0, 3, N)
    a = csr_array(np.concatenate([np.eye(5)[first], np.eye(3)[second]], axis=1))
    return System(a, a.T @ truth(w), w, needs=())


def margins_duplicated() -> System:
    plain = margins()
    a = hstack([plain.matrix, plain.matrix]).tocsr()
    return System(a, np.tile(plain.targets, 2), plain.weights, needs=())


def margins_of_zero_initial_weights() -> System:
    a, w = margins().matrix, design()
    w[::3] = 0
    return System(a, a.T @ truth(w), w, needs=())


def margins_within_bounds() -> System:
    a, w = margins().matrix, design()
    return System(a, a.T @ np.clip(truth(w), 0.75 * w, 1.4 * w), w, needs=("bounds",), bounds=(0.7, 1.5))


def single_margin() -> System:
    w = design()
    return System(csr_array(np.ones((N, 1))), np.array([1.3 * w.sum()]), w, needs=())


def margin_of_a_single_record() -> System:
    return System(csr_array(np.array([[1.0]])), np.array([13.0]), np.array([10.0]), needs=())


SOLVABLE: dict[str, Callable[[], System]] = {
    f.__name__: f
    for f in (
        feasible, signed, zero_target, collinear, duplicated, single_target, single_record, huge_scales,
        single_precision, zero_initial_weights, bounded, contradictory_within_tolerance, everything_at_once,
        margins, margins_duplicated,
        margins_of_zero_initial_weights, margins_within_bounds, single_margin,
        margin_of_a_single_record,
    )
}  # fmt: skip


def contradictory() -> System:
    a, w = amounts(), design()
    t = a.T @ truth(w)
    return System(hstack([a, a]).tocsr(), np.concatenate([t, 1.3 * t]), w)


def contradictory_in_huge_scales() -> System:
    plain = huge_scales()
    a = hstack([plain.matrix, plain.matrix]).tocsr()
    return System(a, np.concatenate([plain.targets, 1.3 * plain.targets]), plain.weights)


def of_impossible_sign() -> System:
    a, w = amounts(), design()
    t = a.T @ truth(w)
    t[0] *= -1
    return System(a, t, w, ("linear", "signed_targets"))


def out_of_bounds() -> System:
    a, w = amounts(), design()
    return System(a, 3 * (a.T @ w), w, ("linear", "bounds"), bounds=(0.5, 1.5))


def margins_contradictory() -> System:
    plain = margins()
    return System(plain.matrix, plain.targets * np.repeat([1.0, 1.3], [5, 3]), plain.weights, needs=())


INFEASIBLE: dict[str, Callable[[], System]] = {
    f.__name__: f
    for f in (contradictory, contradictory_in_huge_scales, of_impossible_sign, out_of_bounds, margins_contradictory)
}
ALL = SOLVABLE | INFEASIBLE

every_calibrator = pytest.mark.parametrize("name", CALIBRATORS.names())


def calibrator_for(name: str, system: System) -> Calibrator:
    """The calibrator as it is by default, but for a record budget that the system is above."""
    if not CALIBRATORS.load(name).capabilities.record_budget:
        return make_calibrator(name)
    return make_calibrator(name, max_records=max(1, int(SHARE_KEPT * np.count_nonzero(system.weights))))


def solve(name: str, case: str) -> CalibrationResult:
    exact, system = CALIBRATORS.load(name).capabilities.exact, ALL[case]()
    return calibrator_for(name, system).solve(system.problem(exact), seed=11)


@cache
def attempt(name: str, case: str) -> CalibrationResult | SpecError:
    try:
        return solve(name, case)
    except SpecError as error:
        return error


def lacks(name: str, needs: tuple[str, ...]) -> str:
    """What of the needs the capability row of a calibrator does not claim, as a reason; "" if nothing."""
    row = CALIBRATORS.load(name).capabilities
    gaps = [need for need in needs if not getattr(row, need)]
    if "linear" in needs and row.margins_only:
        gaps.append("more than margins")
    return f"the capability row of {name} does not claim: {', '.join(gaps)}" if gaps else ""


def solved(request: pytest.FixtureRequest, name: str, case: str) -> CalibrationResult:
    """The result on a case. Refusing is allowed only where the capability row says that the case is not served."""
    if reason := GAPS.get((name, case)):
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    result, reason = attempt(name, case), lacks(name, ALL[case]().needs)
    if isinstance(result, SpecError):
        if reason:
            pytest.skip(f"{reason}; it says: {result}")
        raise result
    return result


def skip_unless_claimed(name: str, needs: tuple[str, ...]) -> None:
    if reason := lacks(name, needs):
        pytest.skip(reason)


@every_calibrator
@pytest.mark.parametrize("case", SOLVABLE)
def test_targets_that_can_be_met_are_met_within_their_tolerance(request, name, case):
    system, row = SOLVABLE[case](), CALIBRATORS.load(name).capabilities
    skip_unless_claimed(name, (*system.needs, *system.meets))
    skip_unless_claimed(name, () if row.exact or row.soft else ("exact", "soft"))
    result = solved(request, name, case)
    assert result.converged, result.reason
    problem = system.problem(row.exact)
    errors = (system.matrix.T.astype(np.float64) @ result.weights - system.targets) / problem.scale
    assert (np.abs(errors) <= problem.tolerance * (1 + 1e-6)).all()


@every_calibrator
def test_a_calibrator_on_margins_alone_refuses_amounts_and_never_ignores_them(name):
    if not CALIBRATORS.load(name).capabilities.margins_only:
        pytest.skip(f"the capability row of {name} claims more than margins")
    with pytest.raises(SpecError, match="margin"):
        solve(name, "feasible")


@every_calibrator
@pytest.mark.parametrize("case", INFEASIBLE)
def test_targets_that_cannot_be_met_are_reported_with_the_worst_of_them(request, name, case):
    result = solved(request, name, case)
    assert not result.converged
    assert "outside tolerance" in result.reason
    worst = np.argmax(np.abs(result.relative_errors))
    assert f"{str(worst)!r}" in result.reason


@every_calibrator
@pytest.mark.parametrize("case", ALL)
def test_the_same_records_come_out_with_weights_of_zero_or_more(request, name, case):
    system = ALL[case]()
    result = solved(request, name, case)
    assert result.weights.shape == system.weights.shape
    assert np.isfinite(result.weights).all()
    assert (result.weights >= 0).all()
    assert (result.weights[system.weights == 0] == 0).all()
    if not CALIBRATORS.load(name).capabilities.zero_weights:
        assert (result.weights[system.weights > 0] > 0).all()


@every_calibrator
@pytest.mark.parametrize("case", ALL)
def test_converged_means_every_target_within_its_tolerance(request, name, case):
    system, result = ALL[case](), solved(request, name, case)
    problem = system.problem(CALIBRATORS.load(name).capabilities.exact)
    estimates = system.matrix.T.astype(np.float64) @ result.weights
    np.testing.assert_allclose(result.estimates, estimates, rtol=1e-9, atol=1e-9 * problem.gross.max())
    np.testing.assert_allclose(result.relative_errors, (result.estimates - system.targets) / problem.scale)
    assert result.converged == bool((np.abs(result.relative_errors) <= problem.tolerance).all())


@every_calibrator
@pytest.mark.parametrize("case", ["bounded", "out_of_bounds", "contradictory", "margins_contradictory"])
def test_ratios_stay_within_the_bounds_of_the_problem(name, case):
    system = ALL[case]()
    skip_unless_claimed(name, (*system.needs, "bounds"))
    lower, upper = 0.7, 1.5
    problem = CalibrationProblem(system.matrix, system.targets, system.weights, bounds=(lower, upper))
    ratios = calibrator_for(name, system).solve(problem).weights / system.weights
    assert ratios.min() >= lower * (1 - 1e-12)
    assert ratios.max() <= upper * (1 + 1e-12)


@every_calibrator
@pytest.mark.parametrize("case", ["signed", "contradictory", "margins"])
def test_the_same_seed_gives_the_same_bytes(request, name, case):
    first, second = solved(request, name, case), solve(name, case)
    assert first.weights.tobytes() == second.weights.tobytes()
    assert first.multipliers.tobytes() == second.multipliers.tobytes()


@contextmanager
def threads(count: int) -> Iterator[None]:
    """This many threads for compiled passes, for linear algebra, and for torch where it is loaded."""
    import numba
    from threadpoolctl import threadpool_limits

    before, torch = numba.get_num_threads(), sys.modules.get("torch")
    numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
    of_torch = torch.get_num_threads() if torch else 0
    if torch:
        torch.set_num_threads(count)
    try:
        with threadpool_limits(count):
            yield
    finally:
        numba.set_num_threads(before)
        if torch:
            torch.set_num_threads(of_torch)


def large() -> System:
    a, w = amounts(n=3000, k=300), design(n=3000)
    return System(a, a.T @ truth(w), w, tolerance=0.01)


def large_margins() -> System:
    g, w = np.random.default_rng(4), design(n=20_000)
    a = csr_array(np.concatenate([np.eye(k)[g.integers(0, k, w.size)] for k in (50, 20, 9, 7, 2)], axis=1))
    return System(a, a.T @ truth(w), w, needs=(), tolerance=0.01)


@every_calibrator
@pytest.mark.parametrize("case", [large, large_margins])
def test_one_thread_and_two_give_the_same_bytes(name, case):
    system = case()
    skip_unless_claimed(name, system.needs)
    make_calibrator(name).solve(margins().problem(), seed=11)
    weights = []
    for count in (1, 2):
        with threads(count):
            weights.append(calibrator_for(name, system).solve(system.problem(), seed=11).weights.tobytes())
    assert weights[0] == weights[1]


@every_calibrator
@pytest.mark.parametrize("case", ALL)
def test_the_arrays_given_are_never_altered(name, case):
    system = ALL[case]()
    arrays = [system.matrix.data, system.matrix.indices, system.matrix.indptr, system.targets, system.weights]
    before = [array.tobytes() for array in arrays]
    try:
        calibrator_for(name, system).solve(system.problem())
    except SpecError:
        assert lacks(name, system.needs)
    assert [array.tobytes() for array in arrays] == before


@every_calibrator
def test_a_start_from_an_earlier_result_leads_to_the_same_targets(name):
    first = solve(name, "margins")
    exact = CALIBRATORS.load(name).capabilities.exact
    again = calibrator_for(name, margins()).solve(margins().problem(exact), seed=11, start=first.multipliers)
    assert again.converged == first.converged
    np.testing.assert_allclose(again.estimates, first.estimates, rtol=2 * (1e-6 if exact else LOOSE))


@every_calibrator
def test_a_record_budget_is_kept(name):
    backend = CALIBRATORS.load(name)
    if not backend.capabilities.record_budget:
        pytest.skip(f"the capability row of {name} does not claim: record_budget")
    for case, make in SOLVABLE.items():
        result, system = attempt(name, case), make()
        if isinstance(result, SpecError):
            assert lacks(name, system.needs)
            continue
        most = calibrator_for(name, system).most_records()
        assert 0 < np.count_nonzero(result.weights) <= most
        dropped = np.count_nonzero(system.weights) > most
        assert (result.base is not None) == dropped
        assert not dropped or (result.weights[result.base == 0] == 0).all()


@every_calibrator
def test_a_predicted_cost_grows_with_the_matrix(name):
    from microplex_spec.spec.cost import CalibrationShape

    backend = CALIBRATORS.load(name)
    small = backend.predict_cost(CalibrationShape(10_000, 100, 100_000), {})
    large = backend.predict_cost(CalibrationShape(1_500_000, 4_000, 300_000_000), {})
    assert 0 <= small.seconds < large.seconds
    assert 0 < small.bytes < large.bytes


@every_calibrator
def test_a_capability_row_and_a_version_are_declared(name):
    backend = CALIBRATORS.load(name)
    assert backend.version >= 1
    lower, upper = make_calibrator(name).ratio_bounds()
    assert 0 <= lower <= 1 <= upper


def test_an_unknown_calibrator_is_an_error_that_names_the_nearest():
    with pytest.raises(SpecError, match="did you mean 'entropy'"):
        make_calibrator("entropi")


def test_an_unknown_parameter_is_an_error_that_names_the_nearest():
    with pytest.raises(SpecError, match="did you mean 'softness'"):
        make_calibrator("logit", softnes=2)


@pytest.mark.parametrize(
    "params", [{"lower": 1.0}, {"upper": 0.9}, {"softness": -1}, {"softness": "x"}, {"max_iterations": 0}]
)
def test_a_parameter_out_of_range_is_an_error(params):
    with pytest.raises(SpecError):
        make_calibrator("logit", **params)


@pytest.mark.parametrize("name", ["logit", "sparse", "hardconcrete"])
def test_logit_without_an_upper_bound_is_an_error_before_any_solve(name):
    with pytest.raises(SpecError, match="finite upper bound"):
        make_calibrator(name, upper=np.inf)
