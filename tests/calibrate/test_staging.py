"""Stages: what is kept, what is rolled back, and what a failed solve leaves."""

from dataclasses import replace

import numpy as np
import pytest

from microplex_spec.calibrate import CalibrationProblem, CalibrationResult, make_calibrator
from microplex_spec.calibrate.base import Calibrator, CalibratorCapabilities
from microplex_spec.calibrate.staging import mean_error, solve_in_stages, stage_of
from microplex_spec.spec.errors import SpecError

IDS = ["us.census.total", "us.irs.agi", "us.state.tx", "us.state.ca", "other"]


def test_a_target_joins_the_first_stage_whose_glob_it_matches_else_the_last():
    stages = [("us.census.*", "us.irs.*"), ("us.state.*", "us.irs.*")]
    assert stage_of(IDS, stages).tolist() == [0, 0, 1, 1, 1]
    assert stage_of(IDS, [("us.census.*",), ("us.irs.*",), ("us.state.ca",)]).tolist() == [0, 1, 2, 2, 2]
    assert stage_of(IDS, [("us.state.tx", "other"), ("us.*",)]).tolist() == [1, 1, 0, 1, 0]
    assert stage_of(IDS, []).tolist() == [0] * 5


@pytest.fixture
def problem() -> CalibrationProblem:
    """A total, and three groups whose figures come to it."""
    rng = np.random.default_rng(5)
    group = rng.integers(0, 3, 400)
    matrix = np.concatenate([np.ones((400, 1)), np.eye(3)[group]], axis=1)
    weights = rng.lognormal(3, 0.4, 400)
    figures = matrix.T @ (weights * np.array([0.8, 1.1, 1.3])[group])
    return CalibrationProblem(matrix, figures, weights, 0.01, names=["total", "a", "b", "c"])


STAGE, NAMES = np.array([0, 1, 1, 1]), ["nation", "groups"]


def test_stages_that_lower_the_error_are_kept_and_end_where_one_solve_does(problem):
    calibrator = make_calibrator("logit")
    staged = solve_in_stages(calibrator, problem, STAGE, NAMES)
    assert [(each.name, each.targets, each.kept) for each in staged.stages] == [
        ("nation", 1, True),
        ("groups", 4, True),
    ]
    first, second = staged.stages
    assert first.error_before > first.error_after == second.error_before > second.error_after
    assert second.error_after == pytest.approx(mean_error(problem, staged.result.weights))
    assert staged.fitted.all() and staged.result.converged
    np.testing.assert_allclose(staged.result.weights, calibrator.solve(problem).weights, rtol=1e-3)


def test_one_stage_alone_is_one_solve(problem):
    staged = solve_in_stages(make_calibrator("logit"), problem, np.zeros(4, dtype=int), [])
    np.testing.assert_array_equal(staged.result.weights, make_calibrator("logit").solve(problem).weights)
    assert staged.stages == ()


def test_a_stage_that_drives_the_others_away_is_rolled_back_and_said_so(problem):
    figures = problem.targets.copy()
    figures[1] *= 9
    # A tolerance that bends every weight to one figure, which is far from what the others want.
    wild = CalibrationProblem(problem.matrix, figures, problem.initial_weights, [0.01, 0.5, 0.01, 0.01])
    staged = solve_in_stages(make_calibrator("entropy", softness=0.0), wild, np.array([1, 0, 1, 1]), ["wild", "rest"])
    lost, rest = staged.stages
    assert not lost.kept and lost.error_after > lost.error_before
    assert lost.said == "rolled back: the error over all targets did not fall"
    assert rest.error_before == lost.error_before and rest.targets == 4


class Scripted(Calibrator):
    """Answers each solve with the next of what it was given: a factor on the weights of a group, or an error."""

    version = 1
    capabilities = CalibratorCapabilities()

    def __init__(self, *answers):
        self.answers = list(answers)

    @classmethod
    def predict_cost(cls, shape, params):
        raise NotImplementedError

    def solve(self, problem, seed=0, start=None) -> CalibrationResult:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return problem.judge(problem.initial_weights * answer, ended="scripted", iterations=1)


@pytest.mark.parametrize("failure", [SpecError("no way"), np.linalg.LinAlgError("singular"), np.nan, np.inf])
def test_a_failed_stage_leaves_the_weights_of_the_one_before_it(problem, failure):
    better = problem.targets[0] / problem.initial_weights.sum()
    staged = solve_in_stages(Scripted(better, failure), problem, STAGE, NAMES)
    np.testing.assert_allclose(staged.result.weights, problem.initial_weights * better)
    assert [record.kept for record in staged.stages] == [True, False]
    assert staged.stages[1].said.startswith("failed, the weights before it stand: ")
    assert staged.fitted.tolist() == [True, False, False, False]
    assert staged.result.reason.startswith("stages kept: nation; not kept: groups")


def test_a_worse_stage_leaves_the_weights_of_the_one_before_it(problem):
    better = problem.targets[0] / problem.initial_weights.sum()
    staged = solve_in_stages(Scripted(better, 5.0), problem, STAGE, NAMES)
    np.testing.assert_allclose(staged.result.weights, problem.initial_weights * better)
    assert staged.stages[1].said == "rolled back: the error over all targets did not fall"
    assert staged.stages[1].error_after > staged.stages[1].error_before


def test_no_stage_that_helps_leaves_the_initial_weights(problem):
    staged = solve_in_stages(Scripted(7.0, 9.0), problem, STAGE, NAMES)
    np.testing.assert_array_equal(staged.result.weights, problem.initial_weights)
    assert not staged.fitted.any() and "weights left as they were" in staged.result.reason


def test_a_calibrator_that_solves_nothing_at_all_is_an_error(problem):
    with pytest.raises(SpecError, match="no way"):
        solve_in_stages(Scripted(SpecError("not this"), SpecError("no way")), problem, STAGE, NAMES)
    with pytest.raises(SpecError, match="not finite"):
        solve_in_stages(Scripted(np.nan), problem, np.zeros(4, dtype=int), [])


class Budgeted(Scripted):
    """Keeps every other record, at weights that meet the first target."""

    capabilities = CalibratorCapabilities(zero_weights=True, record_budget=True)

    def solve(self, problem, seed=0, start=None) -> CalibrationResult:
        kept = np.where(np.arange(problem.initial_weights.size) % 2 == 0, problem.initial_weights, 0.0)
        weights = kept * problem.targets[0] / (problem.matrix.T @ kept)[0]
        return replace(problem.judge(weights, ended="budget"), base=kept)

    def without_budget(self) -> Calibrator:
        return make_calibrator("logit")


def test_a_record_budget_belongs_to_the_first_stage_and_later_ones_refit_the_records_kept(problem):
    far = CalibrationProblem(problem.matrix, problem.targets, problem.initial_weights / 3, 0.01, names=problem.names)
    staged = solve_in_stages(Budgeted(), far, STAGE, NAMES)
    assert [record.kept for record in staged.stages] == [True, True]
    dropped = np.arange(400) % 2 == 1
    assert (staged.result.weights[dropped] == 0).all() and (staged.result.weights[~dropped] > 0).all()
    assert staged.result.converged


def test_a_record_budget_is_kept_where_no_stage_lowers_the_error(problem):
    """The initial weights meet all but one target, and no half of the records is as near to all of them."""
    figures = problem.matrix.T @ problem.initial_weights
    figures[0] *= 1.02
    near = CalibrationProblem(problem.matrix, figures, problem.initial_weights, 0.01, names=problem.names)
    staged = solve_in_stages(Budgeted(), near, STAGE, NAMES)
    first, second = staged.stages
    assert first.kept and first.error_after > first.error_before and "the budget stands" in first.said
    assert second.error_before == first.error_after
    assert np.count_nonzero(staged.result.weights) == 200
    np.testing.assert_array_equal(staged.result.base > 0, staged.result.weights > 0)


def test_a_target_of_no_record_kept_is_not_fitted_in_any_stage(problem):
    matrix = problem.matrix.toarray()
    matrix[::2, 3] = 0.0
    figures = 1.3 * matrix.T @ problem.initial_weights
    lost = CalibrationProblem(matrix, figures, problem.initial_weights, 0.01, names=["total", "a", "b", "dropped"])
    assert solve_in_stages(Budgeted(), lost, STAGE, NAMES).fitted.tolist() == [True, True, True, False]
    assert solve_in_stages(Budgeted(), lost, np.zeros(4, dtype=int), []).fitted.tolist() == [True, True, True, False]
