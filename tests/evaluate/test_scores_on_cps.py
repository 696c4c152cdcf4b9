"""The scores on real records: two samples of Tax-Calculator's CPS file agree, and broken relations show."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from microplex_spec.evaluate import prdc
from microplex_spec.evaluate.rare_cells import rare_cell_shares
from microplex_spec.evaluate.relations import interior_band_violations, spearman_distance
from microplex_spec.evaluate.scaling import fit_scaling
from microplex_spec.evaluate.zeros import zero_rate_error
from microplex_spec.spec.project import resolve_file
from microplex_spec.spec.rare_cells import RareCell

COLUMNS = ["age_head", "age_spouse", "XTOT", "e00200", "e00600", "e00900", "e02100", "e01500", "e02400", "e02300"]
CELLS = [
    {"name": "elderly self-employed", "where": "age_head >= 65 and e00900 != 0"},
    {"name": "young with dividends", "where": "age_head < 35 and e00600 > 0"},
    {"name": "top wages", "top": {"column": "e00200", "share": 0.05}},
]


@pytest.fixture(scope="module")
def halves():
    file = pd.read_csv(resolve_file("package:taxcalc/cps.csv.gz", Path()), usecols=[*COLUMNS, "FLPDYR"])
    rows = file.loc[file.FLPDYR == 2014, COLUMNS].sample(9_000, random_state=0)
    return rows[:5_000], rows[5_000:]


@pytest.fixture(scope="module")
def shuffled(halves):
    """The second half with every column in an order of its own: right margins, no relations."""
    rng = np.random.default_rng(0)
    return pd.DataFrame({name: rng.permutation(column) for name, column in halves[1].items()})


def test_a_sample_of_the_same_file_is_near_in_every_score(halves):
    real, synthetic = halves
    scaling = fit_scaling(real, log=True)
    scores = prdc(scaling(real), scaling(synthetic), cap=3_000)
    assert min(scores["precision"], scores["recall"], scores["coverage"]) > 0.85
    assert scores["density"] == pytest.approx(1, abs=0.1)
    assert zero_rate_error(real, synthetic) < 0.01
    assert spearman_distance(real, synthetic) < 0.02
    for cell in rare_cell_shares([RareCell.model_validate(cell) for cell in CELLS], real, synthetic):
        assert cell.ratio == pytest.approx(1, abs=0.3), cell


def test_columns_shuffled_on_their_own_keep_their_zeros_but_lose_everything_else(halves, shuffled):
    real, whole = halves
    scaling = fit_scaling(real, log=True)
    assert prdc(scaling(real), scaling(shuffled), cap=3_000)["coverage"] < 0.6
    assert zero_rate_error(real, shuffled) == pytest.approx(zero_rate_error(real, whole))
    assert spearman_distance(real, shuffled) > 0.05


def test_real_losses_lie_outside_the_band_and_draws_of_a_cent_within_it(halves):
    donor = halves[0].e00900
    assert interior_band_violations(donor, donor) == 0
    assert interior_band_violations(donor, donor * 0 + 0.01) == len(donor)
