"""Winners of a bakeoff: the lowest mean score over seeds, told apart from seed noise by paired differences."""

import math

import pytest

from microplex_spec.compare.bakeoff import METRICS, cell_ratios, loss_ratios, standings, winners
from microplex_spec.compare.bakeoff_sheets import sheets
from microplex_spec.spec.bakeoffs import Bakeoff


def line(name, seed, crps, scale=100, status="done", **facts):
    head = {"kind": "method", "name": name, "imputer": name, "params": {}, "scale": scale, "seed": seed}
    if status == "failed":
        return {**head, "status": status, "error": "no"}
    facts = {"fit_seconds": 1.0, "ks": 0.1, "loss_share_real": 0.0} | facts
    rows = [{"variable": "wages", "regime": "positive", "crps": crps, **facts}]
    return {**head, "status": status, "variables": rows, "scores": {"coverage": crps}, "rare_cells": [], "cost": {}}


def test_the_lowest_mean_wins_and_the_difference_is_held_against_the_spread_of_differences():
    # Seeds make both move together: the difference is .1 every time, give or take .001.
    lines = [line("a", 1, 1.0), line("a", 2, 2.0), line("a", 3, 3.0)]
    lines += [line("b", 1, 1.101), line("b", 2, 2.1), line("b", 3, 3.099)]
    scale, seeds, (won,) = winners(lines)
    assert (scale, seeds) == (100, (1, 2, 3))
    assert (won.method, won.runner_up, won.beyond_noise) == ("a", "b", True)
    assert won.score == pytest.approx(2.0) and won.runner_up_score == pytest.approx(2.1)


def test_a_difference_that_changes_its_sign_with_the_seed_is_noise():
    lines = [line("a", 1, 1.0), line("a", 2, 1.2), line("b", 1, 1.21), line("b", 2, 1.0)]
    (won,) = winners(lines)[2]
    assert (won.method, won.beyond_noise) == ("a", False)


def test_of_one_seed_nothing_is_beyond_noise():
    (won,) = winners([line("a", 1, 1.0), line("b", 1, 9.0)])[2]
    assert won.method == "a" and not won.beyond_noise and math.isnan(won.spread)


def test_a_method_that_failed_with_a_seed_does_not_compete():
    lines = [line("a", 1, 0.1), line("a", 2, 0.1, status="failed"), line("b", 1, 1.0), line("b", 2, 1.0)]
    (won,) = winners(lines)[2]
    assert (won.method, won.runner_up) == ("b", None)


def test_the_largest_scale_decides():
    lines = [line("a", 1, 0.1, scale=50), line("b", 1, 0.2, scale=50), line("a", 1, 2.0), line("b", 1, 1.0)]
    scale, _, (won,) = winners(lines)
    assert (scale, won.method) == (100, "b")


def test_of_equal_scores_the_quicker_wins():
    (won,) = winners([line("slow", 1, 1.0, fit_seconds=9.0), line("quick", 1, 1.0, fit_seconds=2.0)])[2]
    assert won.method == "quick"


def test_nothing_done_has_no_winner():
    assert winners([line("a", 1, 1.0, status="failed")]) == (0, (), [])


def test_standings_run_from_the_best_coverage_down_with_spread_over_seeds():
    lines = [line("low", 1, 0.5), line("high", 1, 0.8), line("high", 2, 0.6), line("broken", 1, 0.0, status="failed")]
    found = standings(lines, ["method"], "coverage")
    assert [row.name for row in found] == ["high", "low", "broken"]
    assert found[0].mean["coverage"] == pytest.approx(0.7) and found[0].spread["coverage"] == pytest.approx(
        0.1414, abs=1e-4
    )
    assert found[0].mean["ks"] == pytest.approx(0.1) and math.isnan(found[0].mean["peak_bytes"])
    assert found[2].errors == ("no",) and METRICS["coverage"].told(found[2].mean["coverage"]) == ""


def test_rare_cells_and_losses_are_pooled_over_seeds():
    lines = []
    for seed, (real, drawn) in enumerate([(0.01, 0.03), (0.03, 0.01)], 1):
        losses = {
            f"loss_{what}_{side}": value
            for what in ("share", "mean")
            for side, value in (("real", real), ("drawn", drawn))
        }
        made = line("a", seed, 1.0, **losses)
        cell = {"name": "rare", "rows_real": 5, "share_real": real, "share_drawn": drawn}
        lines.append({**made, "rare_cells": [cell]})
    (cell,), (loss,) = cell_ratios(lines), loss_ratios(lines, "loss_share")
    assert cell.ratios == {"a": pytest.approx(1.0)} and cell.real == 10
    assert loss.name == "wages" and loss.ratios == {"a": pytest.approx(1.0)}


def bakeoff(**more):
    facts = {"from": {"reader": "table"}, "entity": "person", "scales": (100,), "seeds": (1, 2, 3), "name": "small"}
    facts |= {"conditions": ("age",), "draw": {"wages": "positive"}, "methods": {name: {} for name in "abc"}}
    return Bakeoff.model_validate({**facts, **more})


def test_an_order_that_is_published_is_held_against_seed_noise():
    told = {"source": "A paper", "scale": 100, "coverage": {"a": 0.9, "b": 0.8, "c": 0.7}}
    # a and c differ by less than the seeds make c differ; b is clearly above both.
    coverage = {"a": (0.50, 0.51, 0.52), "b": (0.90, 0.91, 0.92), "c": (0.45, 0.52, 0.59)}
    lines = [line(name, seed, values[seed - 1]) for name, values in coverage.items() for seed in (1, 2, 3)]
    (sheet,) = (sheet for sheet in sheets(bakeoff(published=told), lines) if sheet.title.startswith("Published"))
    assert "Published order by coverage: a > b > c." in sheet.note
    assert "the same: b > c; the other way round: b > a; not told apart: a and c." in sheet.note


def test_of_one_seed_no_published_order_is_told_apart():
    told = {"source": "A paper", "scale": 100, "coverage": {"a": 0.9, "b": 0.8}}
    lines = [line("a", 1, 0.1), line("b", 1, 0.9)]
    (sheet,) = (sheet for sheet in sheets(bakeoff(published=told), lines) if sheet.title.startswith("Published"))
    assert "at 95 %: not told apart: a and b." in sheet.note


def test_a_table_tells_which_seeds_it_rests_on():
    lines = [
        line("a", 1, 1.0),
        line("a", 2, 1.0),
        line("a", 3, 1.0),
        line("b", 1, 1.0),
        line("c", 1, 1, status="failed"),
    ]
    methods = sheets(bakeoff(), lines)[0]
    assert methods.title == "Methods at 100 rows"
    assert methods.note.endswith("Seeds: 1, 2, 3 (but b: 1; c: none).")
    whole = sheets(bakeoff(), lines[:3])[0]
    assert whole.note.endswith("Seeds: 1, 2, 3.")
