"""Promises of drawn amounts beside their regime: parts of a total restored exactly, bounds, structural zeros."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from small_builds import Build, build_small
from small_project import QUALIFIED, SmallProject

TIPS = """\
tips:
  label: Tips
  entity: person
  unit: usd
  regime: zero_inflated
  from: donors
  predictors: [worker]
  zero_when: employment_income == 0
  bounds: {min: 100, max: 900}
  uprate: AWAGE
"""
MADE = """\
other_dividends:
  label: Dividends that are not qualified
  entity: tax_unit
  unit: usd
  derive: dividends - qualified_dividends
"""


@pytest.fixture(scope="module")
def shared(small_project_template, tmp_path_factory) -> tuple[Build, pd.DataFrame]:
    """A build whose donors hold a part of dividends (none, some, all) and tips from 20 to 1,500; and the donors."""
    small = SmallProject(tmp_path_factory.mktemp("shared") / "project")
    shutil.copytree(small_project_template.root, small.root)
    rng = np.random.default_rng(0)
    folder = small.spec_folder / "data"
    units, persons = (pd.read_csv(folder / f"donors_{entity}.csv") for entity in ("tax_unit", "person"))
    units["qualified_dividends"] = units.dividends * rng.choice([0, 0.25, 0.5, 1], len(units))
    persons["tips"] = np.where(persons.employment_income > 0, rng.choice([0, 20, 500, 1500], len(persons)), 0)
    units.to_csv(folder / "donors_tax_unit.csv", index=False)
    persons.to_csv(folder / "donors_person.csv", index=False)
    small.append("variables/imputed.yaml", QUALIFIED + TIPS)
    small.append("variables/made.yaml", MADE)
    return build_small(small), units


def test_a_part_and_the_rest_sum_up_to_the_total_and_none_is_larger_than_it(shared):
    units = shared[0].table("tax_unit")
    total, part, rest = units.dividends, units.qualified_dividends, units.other_dividends
    assert (total > 0).sum() > 20
    assert (part[total == 0] == 0).all() and ((part >= 0) & (part <= total)).all()
    np.testing.assert_array_equal(part + rest, total)


def test_drawn_shares_are_shares_of_donors_also_all_and_nothing(shared):
    build, donors = shared
    units = build.table("tax_unit")
    held = units[units.dividends > 0]
    smallest = donors.qualified_dividends[donors.qualified_dividends > 0].min()
    shares = held.qualified_dividends / held.dividends
    free = (held.qualified_dividends == 0) | (held.qualified_dividends > 2 * smallest)
    assert np.isclose(shares[free].to_numpy()[:, None], [0, 0.25, 0.5, 1]).any(axis=1).all()
    assert (held.qualified_dividends == held.dividends).any() and (held.qualified_dividends == 0).any()


def test_bounds_move_what_lies_beyond_them_and_count_it_but_no_zero(shared):
    build, _ = shared
    persons = build.table("person")
    drawn = persons.tips[persons.tips != 0]
    record = json.loads((build.artifact("impute:tips") / "record.json").read_text(encoding="utf-8"))
    assert drawn.between(100, 900).all() and (persons.tips == 0).any()
    assert record["clipped"] == drawn.isin([100, 900]).sum() > 0


def test_who_can_hold_no_value_holds_an_exact_zero(shared):
    persons = shared[0].table("person")
    assert (persons.tips[persons.employment_income == 0] == 0).all()
    assert (persons.tips[persons.employment_income > 0] > 0).any()
