"""The imputers on real income data: Tax-Calculator's CPS file, fitted on 2012 and 2013, checked on 2014."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from microplex_spec.impute import make_imputer
from microplex_spec.spec.regimes import infer_regime, observed_support

PREDICTORS = ["age_head", "age_spouse", "MARS", "XTOT", "e00200", "fips", "nu18"]
VARIABLES = {"e00900p": "three_sign", "e00600": "zero_inflated"}


@pytest.fixture(scope="module")
def cps():
    spec = importlib.util.find_spec("taxcalc")
    assert spec is not None and spec.origin is not None
    file = pd.read_csv(Path(spec.origin).parent / "cps.csv.gz", usecols=[*PREDICTORS, *VARIABLES, "s006", "FLPDYR"])
    years = file.FLPDYR
    return file[years < 2014].sample(15_000, random_state=0), file[years == 2014].sample(15_000, random_state=1)


@pytest.fixture(scope="module", params=["qrf", "regime_aware"])
def drawn(request, cps):
    donors, recipients = cps
    values = {}
    for variable, regime in VARIABLES.items():
        imputer = make_imputer(request.param, regime=regime, stream=variable, trees=40)
        imputer.fit(donors[PREDICTORS], donors[variable], donors.s006)
        values[variable] = imputer.draw(recipients[PREDICTORS], 0)
    return values


@pytest.mark.parametrize(("variable", "regime"), VARIABLES.items())
def test_the_regime_is_inferred_from_the_file(cps, variable, regime):
    assert infer_regime(observed_support(cps[0][variable], cps[0].s006)).name == regime


@pytest.mark.parametrize("variable", VARIABLES)
def test_weighted_sign_shares_meet_those_of_the_year_held_out(cps, drawn, variable):
    _, recipients = cps
    for truth, share in (
        (recipients[variable] == 0, drawn[variable] == 0),
        (recipients[variable] < 0, drawn[variable] < 0),
    ):
        expected, found = (np.average(mask, weights=recipients.s006) for mask in (truth, share))
        assert found == pytest.approx(expected, abs=0.02)


def test_dividends_rise_with_age_as_in_the_year_held_out(cps, drawn):
    _, recipients = cps
    for low, high in ((18, 35), (35, 50), (50, 65), (65, 90)):
        rows = recipients.age_head.between(low, high, inclusive="left").to_numpy()
        weights = recipients.s006[rows]
        truth = np.average(recipients.e00600[rows] > 0, weights=weights)
        assert np.average(drawn["e00600"][rows] > 0, weights=weights) == pytest.approx(truth, abs=0.04)


def test_drawn_amounts_are_amounts_of_donors(cps, drawn):
    for variable, values in drawn.items():
        assert np.isin(values, cps[0][variable]).all()
