"""Judging synthetic rows: the truth itself has no error, and each kind of damage shows in its own score."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from microplex_spec.evaluate.relations import spearman_matrix
from microplex_spec.evaluate.synthesis import fit_judge
from microplex_spec.spec.rare_cells import RareCell, Top
from microplex_spec.streams import uniforms


def rows(n, seed):
    u = {name: uniforms(seed, name, np.arange(n)) for name in ("age", "wages", "zero", "business")}
    wages = np.where(u["zero"] < 0.4, 0.0, np.exp(7 + 3 * u["wages"] + u["age"]))
    business = np.where(
        u["business"] < 0.1, -500.0 - 1000 * u["wages"], np.where(u["business"] < 0.8, 0.0, 900.0 * u["age"] + 5)
    )
    return pd.DataFrame({"age": np.floor(18 + 60 * u["age"]), "wages": wages, "business": business})


@pytest.fixture(scope="module")
def judge():
    weights = 1 + uniforms(3, "weights", np.arange(400))
    train = rows(900, 1)
    return fit_judge(train, rows(400, 2), np.ones(900), weights, ["wages", "business"], k=3, latent=2, epochs=3)


def test_the_truth_itself_has_no_error(judge):
    whole = judge.whole(judge.test, judge.weights)
    assert whole["zero_rate_mae"] == whole["spearman_distance"] == 0
    # All but rows with so many twins that their ball has no radius.
    assert whole["coverage"] > 0.85 and whole["recall"] > 0.85
    column = judge.column("business", judge.test, judge.weights)
    assert column["ks"] == column["zero_error"] == 0
    assert column["loss_mean_drawn"] == column["loss_mean_real"] < 0 < column["loss_share_real"]


def test_other_rows_of_the_same_law_are_near_and_rows_of_another_are_not(judge):
    near, far = rows(400, 9), rows(400, 9)
    far["wages"] = far["wages"].to_numpy()[::-1] * 8
    good, bad = (judge.whole(table, np.ones(400)) for table in (near, far))
    assert good["coverage"] > bad["coverage"] and good["spearman_distance"] < bad["spearman_distance"]
    assert good["latent_coverage"] > bad["latent_coverage"]


def test_a_zero_that_is_hardly_one_shows_as_zero_rate_and_in_the_band(judge):
    made = judge.test.assign(wages=judge.test["wages"].where(judge.test["wages"] > 0, 1e-3))
    whole, column = judge.whole(made, judge.weights), judge.column("wages", made, judge.weights)
    zeros = int((judge.test["wages"] == 0).sum())
    # Real rows may lie in the band of training rows as well.
    assert column["band_violations"] - judge.column("wages", judge.test, judge.weights)["band_violations"] == zeros
    assert whole["band_violations"] - judge.whole(judge.test, judge.weights)["band_violations"] == zeros
    assert column["zero_error"] == pytest.approx(column["zero_real"]) and column["zero_drawn"] == 0
    assert whole["zero_rate_mae"] == pytest.approx(column["zero_real"] / 2)


def test_rare_cells_take_the_threshold_of_the_training_rows(judge):
    cells = [RareCell(name="old", where="age >= 70"), RareCell(name="top", top=Top(column="wages", share=0.05))]
    doubled = judge.test.assign(wages=judge.test["wages"] * 2)
    old, top = judge.rare_cells(cells, doubled, judge.weights)
    assert old["share_drawn"] == old["share_real"] and top["rows_drawn"] > top["rows_real"]
    # 45 of 900 training rows of weight one lie at the top; how many of the test rows do is a matter of luck.
    begins = np.sort(judge.train["wages"])[-45]
    for side, wages in (("real", judge.test["wages"]), ("drawn", doubled["wages"])):
        assert top[f"rows_{side}"] == (wages >= begins).sum()
        assert top[f"share_{side}"] == pytest.approx(judge.weights[wages >= begins].sum() / judge.weights.sum())
    assert top["share_real"] == pytest.approx(0.05, abs=0.03)


def test_relations_are_those_of_which_a_side_is_drawn(judge):
    # Given columns agree by construction: of three columns with one drawn, two pairs count.
    one = replace(judge, drawn=("wages",))
    made = judge.test.assign(wages=-judge.test["wages"])
    with_wages = spearman_matrix(judge.test[["wages", "age", "business"]], judge.weights)[0, 1:]
    expected = 2 * np.abs(with_wages).sum() / 2
    assert one.whole(made, judge.weights)["spearman_distance"] == pytest.approx(expected)
    assert judge.whole(made, judge.weights)["spearman_distance"] == pytest.approx(expected * 2 / 3)


def test_calibration_of_the_truth_changes_nothing_and_groups_are_targets_of_their_own(judge):
    asked = []

    def keep(matrix, targets, weights):
        asked.append(len(targets))
        return weights

    told = judge.calibrated(judge.test, judge.weights, keep)
    assert told["calibration_error_before"] == pytest.approx(0, abs=1e-12) == told["calibration_error"]
    judge.calibrated(judge.test, judge.weights, keep, by="age")
    assert asked[0] == 4 and asked[1] > 100
