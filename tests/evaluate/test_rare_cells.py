"""Rare cells: shares are of weight, ratios know no size, and a top is the donor's."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from microplex_spec.evaluate.rare_cells import rare_cell_shares, top_thresholds
from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.rare_cells import RareCell

ELDERLY = RareCell(name="elderly self-employed", where="age >= 65 and business != 0")


def top(share, column="wages", **more):
    return RareCell.model_validate({"name": "top", "top": {"column": column, "share": share}, **more})


@pytest.fixture
def real():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, 4_000),
            "business": np.where(rng.random(4_000) < 0.1, rng.normal(0, 1e4, 4_000), 0.0),
            "wages": np.where(rng.random(4_000) < 0.6, rng.lognormal(10, 1, 4_000), 0.0),
            "state": rng.choice(["06", "36"], 4_000),
        }
    )


def test_a_file_that_repeats_the_real_one_has_a_ratio_of_one_whatever_its_size(real):
    cells = [ELDERLY, top(0.01), RareCell(name="coded", where="state in ['06'] and wages > 1e5")]
    for cell in rare_cell_shares(cells, real, pd.concat([real] * 3)):
        assert cell.ratio == pytest.approx(1.0)
        assert cell.synthetic_rows == 3 * cell.real_rows > 0


def test_shares_are_of_weight(real):
    holds = (real.age >= 65) & (real.business != 0)
    weights = np.where(holds, 5.0, 1.0)
    (cell,) = rare_cell_shares([ELDERLY], real, real, synthetic_weights=weights)
    assert cell.real_share == pytest.approx(holds.mean())
    assert cell.synthetic_share == pytest.approx(5 * holds.sum() / weights.sum())
    assert cell.real_rows == cell.synthetic_rows == holds.sum()
    assert cell.threshold is None


def test_the_threshold_of_a_top_is_the_donors_and_not_the_synthetic_files_own(real):
    synthetic = real.assign(wages=real.wages * 0.5)
    (cell,) = rare_cell_shares([top(0.02)], real, synthetic)
    assert cell.threshold == np.sort(real.wages)[-80]
    assert cell.real_share == pytest.approx(0.02)
    assert cell.synthetic_share == pytest.approx((real.wages * 0.5 >= cell.threshold).mean())
    assert cell.ratio < 0.5


def test_thresholds_of_donors_hold_for_real_and_synthetic_records(real):
    donor = real.assign(wages=real.wages * 2)
    cells = [ELDERLY, top(0.02)]
    thresholds = top_thresholds(cells, donor)
    assert thresholds == [None, np.sort(donor.wages)[-80]]
    _, cell = rare_cell_shares(cells, real, donor, thresholds=thresholds)
    assert cell.real_share == (real.wages >= thresholds[1]).mean() < 0.02 == cell.synthetic_share


def test_a_top_counts_donor_weight_and_holds_at_least_its_share():
    donor = pd.DataFrame({"wages": [10.0, 20.0, 30.0, 40.0]})
    (cell,) = rare_cell_shares([top(0.5)], donor, donor, real_weights=[1, 1, 1, 1])
    assert (cell.threshold, cell.real_share) == (30.0, 0.5)
    (cell,) = rare_cell_shares([top(0.5)], donor, donor, real_weights=[2, 1, 1, 0.5])
    assert (cell.threshold, cell.real_share) == (20.0, pytest.approx(2.5 / 4.5))


def test_a_top_among_some_records_takes_its_threshold_from_those(real):
    (cell,) = rare_cell_shares([top(0.1, where="state == '06'")], real, real)
    among = real.wages[real.state == "06"].sort_values(ascending=False)
    assert cell.threshold == among.iloc[int(np.ceil(0.1 * len(among))) - 1]
    assert cell.real_rows == ((real.state == "06") & (real.wages >= cell.threshold)).sum()


def test_a_cell_without_real_records_has_no_ratio(real):
    (cell,) = rare_cell_shares([RareCell(name="none", where="age > 200")], real, real)
    assert np.isnan(cell.ratio) and cell.real_rows == 0


def test_the_faults_of_all_cells_are_told_at_once_with_their_names(real):
    cells = [
        RareCell(name="a", where="agee >= 65"),
        RareCell(name="b", where="wages + 1"),
        top(0.01, "wagess"),
        top(0.5, "business", where="business >= 0"),
        top(0.01, "state"),
        top(0.01, where="age > 200"),
    ]
    with pytest.raises(SpecError) as raised:
        rare_cell_shares(cells, real, real)
    text = str(raised.value)
    assert "rare cell 'a': unknown variable 'agee'" in text and "did you mean 'age'?" in text
    assert "rare cell 'b': 'wages + 1' is no condition" in text
    assert "unknown column 'wagess' (did you mean 'wages'?)" in text
    assert "the top 0.5 of business begins at 0, its smallest value" in text
    assert "column 'state' must be numbers" in text
    assert "no donor weight to take the top 0.01 of wages from" in text


@pytest.mark.parametrize(
    "cell", [{"name": "x"}, {"name": "x", "top": {"column": "wages", "share": 1.0}}, {"name": "x", "were": "age > 3"}]
)
def test_a_cell_that_says_nothing_or_too_much_is_refused(cell):
    with pytest.raises(ValidationError):
        RareCell.model_validate(cell)
