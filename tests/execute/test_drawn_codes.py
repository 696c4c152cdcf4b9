"""Codes (text) drawn from a donor: its codes at its shares, given the predictors, from draw to exported file."""

import json

import numpy as np
import pandas as pd
import pytest
from small_builds import build_small, plan_small

CODE = """\
status:
  label: Filing status
  entity: tax_unit
  unit: code
  from: donors
  predictors: [head.age, unit_employment_income, n_dependents]
"""


DONOR_TYPES = """\
    weight: design_weight
    types: {is_blind: bool, is_tax_unit_head: bool}
  period: 2014
"""


@pytest.fixture
def coded(small_project):
    text = small_project.path("sources.yaml").read_text(encoding="utf-8")
    first, _, second = text.rpartition(DONOR_TYPES)
    typed = DONOR_TYPES.replace("{is_blind", "{status: code, is_blind")
    small_project.path("sources.yaml").write_text(first + typed + second, encoding="utf-8")
    small_project.append("variables/imputed.yaml", CODE)
    folder = small_project.spec_folder / "data"
    units, persons = (pd.read_csv(folder / f"donors_{entity}.csv") for entity in ("tax_unit", "person"))
    ages = persons[persons.is_tax_unit_head == 1].set_index("tax_unit_id").age.reindex(units.tax_unit_id).to_numpy()
    units["status"] = np.where(ages > 45, "02", np.where(units.n_dependents > 0, "4", "1"))
    units.to_csv(folder / "donors_tax_unit.csv", index=False)
    return small_project


def test_the_exported_codes_are_the_donors_codes_at_their_shares_given_the_predictors(coded):
    build = build_small(coded)
    units, persons = build.table("tax_unit"), build.table("person")
    heads = persons[persons.is_tax_unit_head].set_index("tax_unit_id").age.reindex(units.tax_unit_id).to_numpy()
    assert set(units.status) == {"02", "1", "4"}
    assert (units.status == "02")[heads > 50].mean() > 0.9
    assert (units.status != "02")[heads < 40].mean() > 0.9
    record = json.loads((build.artifact("impute:status") / "record.json").read_text(encoding="utf-8"))
    assert record["regime"] == "categorical"
    assert sum(record["drawn_shares"].values()) == pytest.approx(1)
    (row,) = build.csv("imputation.csv").query("variable == 'status'").to_dict("records")
    donor, drawn = (pd.Series(record[f"{kind}_shares"]) for kind in ("donor", "drawn"))
    assert row["ks_donor"] == pytest.approx((donor - drawn).abs().sum() / 2)
    assert np.isnan(row["drawn_mean"]) and np.isnan(row["drawn_zero"])
    assert "Filing status" in (build.folder / "report.html").read_text(encoding="utf-8")


def test_a_later_variable_may_be_chained_on_a_drawn_code(coded):
    coded.edit("variables/imputed.yaml", "order: [sum(self_employment_income)]", "order: [status]")
    build = build_small(coded)
    record = json.loads((build.artifact("impute:dividends") / "record.json").read_text(encoding="utf-8"))
    assert record["importances"]["status"] > 0


@pytest.mark.parametrize(
    ("old", "new", "stands_at", "told"),
    [
        (
            "  unit: code\n  from",
            "  unit: code\n  regime: positive\n  from",
            "status",
            "regime 'positive' is for numbers",
        ),
        (
            "  unit: code\n  from",
            "  unit: code\n  zero_when: n_dependents == 0\n  from",
            "status",
            "'zero_when' is for am",
        ),
        ("  unit: code\n  from", "  unit: code\n  bounds: {min: 0}\n  from", "status", "'bounds' is for amounts"),
    ],
)
def test_what_only_amounts_have_is_refused_for_codes(coded, old, new, stands_at, told):
    coded.edit("variables/imputed.yaml", old, new)
    (problem,) = coded.errors()
    assert told in problem and "variables/imputed.yaml:" in problem


def test_a_plan_gives_codes_one_forest(coded):
    step = plan_small(coded)["impute:status"]
    assert (step.backend, step.params["regime"]) == ("qrf", "categorical")
