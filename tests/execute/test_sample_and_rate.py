"""Sampling households and drawing flags at published rates: whole households, right expectations."""

import numpy as np
import pytest
from small_builds import Build

from microplex_spec.execute.source_files import named_files
from microplex_spec.execute.task import Task
from microplex_spec.execute.tasks.load import keep, sample
from microplex_spec.execute.tasks.rate import run as draw_rate
from microplex_spec.execute.tasks.shared import read_column, read_population
from microplex_spec.population import Population


@pytest.fixture(scope="module")
def base(built: Build) -> Population:
    return read_population(built.artifact("uprate:survey"))


@pytest.mark.parametrize("households", [1, 37, 399])
def test_a_sample_never_splits_a_household_and_keeps_the_order(base, households):
    taken = sample(base, households, seed=5, source="survey")
    assert taken.size("household") == households
    homes = set(taken.column("household_id").tolist())
    for entity in ("household", "tax_unit", "person"):
        table = base.tables[entity]
        kept = table[table["household_id"].isin(homes)]
        assert taken.tables[entity][f"{entity}_id"].tolist() == kept[f"{entity}_id"].tolist()


def test_a_sample_stands_for_as_many_households_in_expectation(base):
    totals = np.array([sample(base, 100, seed, "survey").weights().sum() for seed in range(200)])
    wanted = base.weights().sum()
    assert abs(totals.mean() - wanted) < 4 * totals.std(ddof=1) / np.sqrt(len(totals))
    taken = sample(base, 100, 1, "survey")
    chosen = np.isin(base.column("household_id"), taken.column("household_id"))
    np.testing.assert_allclose(taken.weights(), base.weights()[chosen] * base.size("household") / 100)


def test_a_larger_sample_holds_the_smaller_and_another_seed_or_source_another(base):
    homes = {n: set(sample(base, n, 1, "survey").column("household_id").tolist()) for n in (50, 100)}
    assert homes[50] < homes[100]
    assert set(sample(base, 50, 2, "survey").column("household_id").tolist()) != homes[50]
    assert set(sample(base, 50, 1, "donors").column("household_id").tolist()) != homes[50]


def test_only_declared_columns_are_kept_and_the_truth_goes_under_another_name(base):
    kept = keep(base, {"years": "age", "state_fips": "state_fips"}, {"state_fips"})
    assert kept.variables == {"design_weight": "household", "truth.state_fips": "household", "years": "person"}
    np.testing.assert_array_equal(kept.column("years"), base.column("age"))


def rate_draws(built: Build, out, seed: int, by: list, otherwise: float = 0.5) -> np.ndarray:
    step = built.plan["rate:has_pension_plan"]
    params = {**step.params, "seed": seed, "by": by, "otherwise": otherwise}
    task = Task(
        step=type(step)(**{**vars(step), "params": params}),
        inputs={"uprate:survey": built.artifact("uprate:survey")},
        out=out,
        cache=out,
        run=out,
    )
    draw_rate(task)
    return read_column(out)[1]


def test_the_first_predicate_that_holds_decides(built, base, tmp_path):
    age = base.column("age")
    drawn = rate_draws(built, tmp_path, 1, [["age < 40", 1.0], ["age < 60", 0.0]], otherwise=1.0)
    np.testing.assert_array_equal(drawn, (age < 40) | (age >= 60))


def test_shares_drawn_over_many_seeds_hit_their_rates_within_four_standard_errors(built, base, tmp_path):
    age = base.column("age")
    draws = np.mean([rate_draws(built, tmp_path, seed, [["age < 30", 0.07]], 0.8) for seed in range(20)], axis=0)
    for rate, chosen in ((0.07, age < 30), (0.8, age >= 30)):
        spread = np.sqrt(rate * (1 - rate) / (20 * chosen.sum()))
        assert abs(draws[chosen].mean() - rate) < 4 * spread


def test_files_are_named_as_short_as_tells_them_apart(tmp_path):
    files = [tmp_path / name for name in ("a/x.csv", "b/x.csv", "c/b/x.csv", "y.csv", "y.csv")]
    assert named_files(files) == {
        "a/x.csv": files[0].resolve(),
        f"{tmp_path.resolve().name}/b/x.csv": files[1].resolve(),
        "c/b/x.csv": files[2].resolve(),
        "y.csv": files[3].resolve(),
    }
