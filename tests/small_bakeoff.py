"""A small bakeoff on the donors of the small project: about a thousand persons, two columns drawn, quick forests."""

from __future__ import annotations

from pathlib import Path

from small_project import SmallProject

BAKEOFF = """\
label: Earnings of persons
from: {spec: small, source: donors}
entity: person
group: [household]
scales: [600]
seeds: [1]
conditions: [age, is_tax_unit_head]
draw:
  employment_income: zero_inflated
  self_employment_income: three_sign
methods:
  qrf: {params: {trees: 5}}
  aware: {imputer: regime_aware, params: {trees: 5, leaf: 10}}
gates: [hist_gb]
prdc: {k: 3, cap: 100, latent: 2, epochs: 2}
calibration: {by: is_tax_unit_head}
rare_cells:
  - {name: elderly_earners, where: age >= 65 and employment_income > 0}
  - {name: top_wages, top: {column: employment_income, share: 0.05}}
"""


def write_bakeoff(small: SmallProject, text: str = BAKEOFF) -> Path:
    """Put it under conf/bakeoffs as `earnings`."""
    path = small.root / "conf" / "bakeoffs" / "earnings.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
