"""The leaderboard: grouping over seeds, order, Pareto front, seed noise."""

import math

from hypothesis import given
from hypothesis import strategies as st

from microplex_spec.compare.leaderboard import (
    METRICS,
    Member,
    leaderboard,
    metrics_of,
    pareto_front,
    repeats,
    shown_metrics,
)


def member(name: str, seed: int, calibrator: str, **figures: float) -> Member:
    return Member(name, seed, {"calibrator": calibrator}, {metric: figures.get(metric, math.nan) for metric in METRICS})


def test_runs_that_differ_by_seed_alone_are_one_entry_with_mean_and_spread():
    first, second = leaderboard(
        [
            member("a", 1, "logit", holdout=0.10),
            member("b", 2, "logit", holdout=0.14),
            member("c", 1, "chi2", holdout=0.50),
        ]
    )
    assert first.label == "calibrator=logit" and [m.seed for m in first.members] == [1, 2]
    assert math.isclose(first.mean["holdout"], 0.12) and math.isclose(first.spread["holdout"], 0.02 * math.sqrt(2))
    assert second.label == "calibrator=chi2" and math.isnan(second.spread["holdout"])


def test_all_choices_that_differ_together_are_named_and_of_one_group_the_first():
    rows = [
        Member("a", 1, {"scale": "smoke", "scale.households": "60", "imputer": "auto", "spec": "small 1"}, {}),
        Member("b", 1, {"scale": "full", "imputer": "qrf", "spec": "small 2"}, {}),
    ]
    labels = {entry.label for entry in leaderboard(rows)}
    assert labels == {"scale=smoke imputer=auto spec=small 1", "scale=full imputer=qrf spec=small 2"}


def test_a_run_that_repeats_choices_and_seed_is_named_with_the_one_that_counts():
    rows = [member("a", 1, "logit"), member("b", 2, "logit"), member("c", 1, "logit"), member("d", 1, "chi2")]
    assert repeats(rows) == {"a": "c"}


def test_the_spread_of_a_share_is_in_percentage_points():
    assert METRICS["holdout"].told(0.097, 0.016) == "9.7 % ± 1.6 pp"
    assert METRICS["seconds"].told(12.0, 0.5) == "12 s ± 0.5 s" and METRICS["ks"].told(0.1, 0.02) == "0.100 ± 0.02"


def test_a_metric_where_more_is_better_sorts_downward_and_missing_figures_come_last():
    rows = [member("a", 1, "a", ess_share=0.2), member("b", 1, "b"), member("c", 1, "c", ess_share=0.4)]
    assert [entry.label for entry in leaderboard(rows, "ess_share")] == ["calibrator=c", "calibrator=a", "calibrator=b"]


def test_the_error_of_one_benchmark_sorts_and_is_shown_but_only_where_asked_for():
    errors = {"a": 0.2, "b": 0.1}
    rows = [Member(c, 1, {"calibrator": c}, {"holdout": e / 2, "benchmark.eitc": e}) for c, e in errors.items()]
    by = metrics_of(rows)["benchmark.eitc"]
    entries = leaderboard(rows, by.name)
    assert [entry.label for entry in entries] == ["calibrator=b", "calibrator=a"]
    assert [metric.name for metric in shown_metrics(entries, by)] == ["holdout", "benchmark.eitc"]
    assert [metric.name for metric in shown_metrics(entries, METRICS["holdout"])] == ["holdout"]
    assert entries[0].to_json()["metrics"]["benchmark.eitc"] == {"mean": 0.1, "spread": None}


def test_a_difference_within_the_scatter_of_seeds_is_said_to_be_noise():
    near = [member(f"{c}{s}", s, c, holdout=v + s / 100) for c, v in (("a", 0.1), ("b", 0.101)) for s in (1, 2, 3)]
    far = [member(f"c{s}", s, "c", holdout=0.5 + s / 100) for s in (1, 2, 3)]
    assert [entry.noise for entry in leaderboard([*near, *far])] == [False, True, False]


def test_the_front_holds_what_is_best_in_one_respect():
    rows = [
        {"holdout": 0.1, "benchmarks": 0.1, "ess_share": 0.2},
        {"holdout": 0.2, "benchmarks": 0.1, "ess_share": 0.4},
        {"holdout": 0.2, "benchmarks": 0.2, "ess_share": 0.3},
    ]
    assert pareto_front(rows) == [True, True, False]


figures = st.sampled_from([0.1, 0.2, 0.3, math.nan])
rows_of_figures = st.lists(
    st.fixed_dictionaries({"holdout": figures, "benchmarks": figures, "ess_share": figures}), min_size=1
)


@given(rows_of_figures)
def test_some_row_is_always_on_the_front(rows):
    assert any(pareto_front(rows))
