"""The network imputers as a whole: on real income data against a forest and a draw without predictors; parameters."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from microplex_spec.evaluate.crps import crps_of_draws, crps_of_sample
from microplex_spec.evaluate.distribution import weighted_ks
from microplex_spec.impute import make_imputer
from microplex_spec.spec.errors import SpecError

pytest.importorskip("torch")
NETWORKS = ["qdnn", "zi_qdnn", "maf", "zi_maf"]
PREDICTORS = ["age_head", "age_spouse", "MARS", "XTOT", "e00200", "nu18"]


@pytest.fixture(scope="module")
def cps():
    spec = importlib.util.find_spec("taxcalc")
    assert spec is not None and spec.origin is not None
    file = pd.read_csv(Path(spec.origin).parent / "cps.csv.gz", usecols=[*PREDICTORS, "e00300", "s006"], nrows=60_000)
    rows = file.sample(16_000, random_state=0)
    return rows[:12_000], rows[12_000:]


def scores(name, cps, **params):
    """Weighted CRPS(log) of 10 draws for the records held out, and the mean KS of the draws from their values."""
    donors, held = cps
    imputer = make_imputer(name, regime="zero_inflated", stream="interest", **params)
    imputer.fit(donors[PREDICTORS], donors.e00300, donors.s006)
    draws = np.stack([imputer.draw(held[PREDICTORS], seed) for seed in range(10)], axis=1)
    y, w = held.e00300.to_numpy(), held.s006.to_numpy()
    return crps_of_draws(y, draws, w), np.mean([weighted_ks(y, w, drawn, w) for drawn in draws.T])


@pytest.mark.parametrize("name", NETWORKS)
def test_interest_income_is_drawn_about_as_well_as_by_forests_and_better_than_without_predictors(cps, name):
    donors, held = cps
    crps, ks = scores(name, cps)
    forest, _ = scores("regime_aware", cps, trees=50)
    blind = crps_of_sample(held.e00300, donors.e00300, donors.s006, held.s006)
    assert crps < forest + 0.1 * (blind - forest)
    assert ks < 0.03


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_out_of_range_are_refused_all_at_once(name):
    with pytest.raises(SpecError) as refused:
        make_imputer(name, hidden=0, bins=1, learning_rate=float("nan"), weight_decay=-1, epochs=2.5)
    message = str(refused.value)
    for problem in (
        "hidden must be a whole number of at least 1, got 0",
        "bins must be a whole number from 2 to 256, got 1",
        "learning_rate must be a number above 0, got nan",
        "weight_decay must be a number of at least 0, got -1",
        "epochs must be a whole number of at least 1, got 2.5",
    ):
        assert problem in message


@pytest.mark.parametrize("name", NETWORKS)
def test_more_pieces_than_the_unit_interval_has_room_for_are_refused(name):
    with pytest.raises(SpecError, match="bins must be a whole number from 2 to 256, got 1000"):
        make_imputer(name, bins=1000)


@pytest.mark.parametrize("name", ["qdnn", "maf"])
def test_a_network_without_a_gate_has_no_such_parameter(name):
    with pytest.raises(SpecError, match=r"unknown parameter of imputer .*'gate'"):
        make_imputer(name, gate="hist_gb")
    assert "gate" not in make_imputer(name).get_params()
