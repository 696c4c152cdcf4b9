"""One build of the small project that tests may read but not touch."""

import shutil
from pathlib import Path

import pytest
from small_builds import Build, build_small
from small_project import SmallProject

# A target of every status, a mean and a share beside sums and counts.
MORE_TARGETS = """\
  - id: small.wage.mean
    of: person
    measure: mean(employment_income)
    unit: usd_per_unit
    where: employment_income > 0
    value: 40000
    tolerance: 0.01
    source: {cell: C4, concept: wage.mean}
  - id: small.heads.blind
    of: person
    measure: share(is_blind)
    unit: share
    where: is_tax_unit_head
    value: 0.02
    source: {cell: C5, concept: blind.share}
  - id: small.centenarians.persons
    of: person
    measure: count()
    unit: count
    where: age > 200
    value: 10
    source: {cell: C6, concept: population.old}
  - id: small.dividends.amount
    measure: sum(dividends)
    value: 90000000000000
    source: {cell: C7, concept: dividends.amount}
  - id: small.all.aged
    of: person
    measure: share(age >= 0)
    unit: share
    value: 1
    source: {cell: C8, concept: aged.share}
  - id: small.wages.watched
    measure: sum(unit_employment_income)
    value: 18000000000
    role: monitor
    source: {cell: C9, concept: wages.watched}
  - id: small.wages.aside
    measure: sum(unit_income)
    value: 18000000000
    exclude: {by: A. Analyst, reason: another concept}
    source: {cell: C10, concept: wages.aside}
"""


@pytest.fixture(scope="session")
def built(small_project_template: SmallProject, tmp_path_factory: pytest.TempPathFactory) -> Build:
    root = tmp_path_factory.mktemp("built") / "project"
    shutil.copytree(small_project_template.root, root)
    small = SmallProject(Path(root))
    small.append("targets/small/income.yaml", MORE_TARGETS)
    return build_small(small)
