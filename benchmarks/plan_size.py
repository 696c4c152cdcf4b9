"""Plan a spec of 155 variables and 4,000 targets in fresh processes, compare it with another, print what that takes.

    python benchmarks/plan_size.py --times 5 --profile

The project is made up in a temporary folder: a survey and a donor as tables, targets mostly by state and band from
tables. The first plan profiles the sources and is not counted. Run by hand.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

CONF = Path(__file__).resolve().parents[1] / "conf"
CODE = "import sys; from microplex_spec.cli import main; sys.exit(main(sys.argv[1:]))"

HOUSEHOLDS = 3000
STATES = [f"{number:02}" for number in range(1, 52)]
# Observed, imputed, derived and drawn variables: 155 of them.
SURVEYED = [f"income_{number:02}" for number in range(30)]
IMPUTED = [f"amount_{number:02}" for number in range(60)]
DERIVED = [f"total_{number:02}" for number in range(54)]
RATES = [f"flag_{number:02}" for number in range(5)]
FRAME = ["state_fips", "n_dependents", "age", "is_blind", "is_tax_unit_head", "hours"]
# Amounts that a tax unit holds; all others are of persons.
UNITS = set(IMPUTED[30:])

AGE_BANDS = [(low, low + 9) for low in range(0, 100, 10)]
INCOME_BANDS = [(0, 1), *((2**step, 2 ** (step + 1)) for step in range(4, 21))]
SINGLE = 70

SPEC = """\
name: wide
label: A spec of many variables and targets
period: 2023
base: survey
targets: [wide]
predictor_sets:
  worker: [age, income_00, income_01, is_tax_unit_head]
calibration: {tolerance: 0.02, min_support: 2}
"""
ENTITIES = """\
household: {label: Household}
tax_unit: {label: Tax unit, within: [household], roles: {head: is_tax_unit_head}}
person: {label: Person, within: [household, tax_unit]}
"""
SOURCE = """\
{name}:
  label: The {name}
  reader: table
  params:
    tables:
      household: {{file: data/{name}_household.csv, key: household_id}}
      tax_unit: {{file: data/{name}_tax_unit.csv, key: tax_unit_id, links: {{household: household_id}}}}
      person: {{file: data/{name}_person.csv, key: person_id, links: {{tax_unit: tax_unit_id}}}}
    weight: design_weight
    types: {{is_blind: bool, is_tax_unit_head: bool}}
  period: 2023
"""
OBSERVED = """\
state_fips: {label: State, entity: household, unit: code}
n_dependents: {label: Dependants, entity: tax_unit, unit: count}
age: {label: Age, entity: person, unit: years}
is_blind: {label: Is blind, entity: person, unit: flag}
is_tax_unit_head: {label: Is the head of the tax unit, entity: person, unit: flag}
hours: {label: Hours worked, entity: person, unit: count}
"""
TARGETS = """\
defaults: {{of: {of}, period: 2023, unit: usd}}
source: {{agency: An agency, title: Made up, vintage: "2023", url: "https://example.org/figures"}}
targets:
"""


def write_project(root: Path) -> None:
    """The whole project under `root`, ready to be planned."""
    folder, targets = root / "conf" / "specs" / "wide", root / "targets" / "wide"
    shutil.copytree(CONF, root / "conf", ignore=shutil.ignore_patterns("specs"))
    for made in (folder / "data", folder / "variables", targets):
        made.mkdir(parents=True)
    for name, seed in (("survey", 1), ("donor", 2)):
        write_tables(folder / "data", name, seed)
    (folder / "spec.yaml").write_text(SPEC, encoding="utf-8")
    (folder / "entities.yaml").write_text(ENTITIES, encoding="utf-8")
    (folder / "sources.yaml").write_text(
        "\n".join(SOURCE.format(name=name) for name in ("survey", "donor")), encoding="utf-8"
    )
    for file, text in variables().items():
        (folder / "variables" / file).write_text(text, encoding="utf-8")
    write_target_tables(targets)
    for file, text in target_files().items():
        (targets / file).write_text(text, encoding="utf-8")


def write_tables(folder: Path, name: str, seed: int) -> None:
    """One tax unit a household, two persons a tax unit, amounts of many zeros."""
    draw = np.random.default_rng(seed)

    ids, persons = np.arange(1, HOUSEHOLDS + 1), 2 * HOUSEHOLDS
    age = draw.integers(0, 95, persons)

    def amounts(names: list[str], held: np.ndarray) -> dict[str, np.ndarray]:
        """Of those who can hold any, two in five do."""
        rows = len(held)
        return {name: held * (draw.random(rows) < 0.4) * draw.lognormal(9, 1, rows).round() for name in names}

    pd.DataFrame({"household_id": ids, "state_fips": draw.choice(STATES, HOUSEHOLDS), "design_weight": 40_000}).to_csv(
        folder / f"{name}_household.csv", index=False
    )
    pd.DataFrame(
        {
            "tax_unit_id": ids,
            "household_id": ids,
            "n_dependents": draw.integers(0, 4, HOUSEHOLDS),
            **amounts(IMPUTED[30:], np.ones(HOUSEHOLDS)),
        }
    ).to_csv(folder / f"{name}_tax_unit.csv", index=False)
    pd.DataFrame(
        {
            "person_id": np.arange(1, persons + 1),
            "tax_unit_id": np.repeat(ids, 2),
            "age": age,
            "is_blind": draw.integers(0, 2, persons),
            "is_tax_unit_head": np.tile([1, 0], HOUSEHOLDS),
            "hours": draw.integers(0, 60, persons),
            **amounts([*SURVEYED, *IMPUTED[:30]], age >= 16),
        }
    ).to_csv(folder / f"{name}_person.csv", index=False)


def variables() -> dict[str, str]:
    """The variable files: each imputed variable follows the three before it of its own entity."""
    surveyed = [f"{name}: {{label: Surveyed, entity: person, unit: usd}}" for name in SURVEYED]
    imputed = [block for names in (IMPUTED[:30], IMPUTED[30:]) for block in chain(names)]
    derived = [
        f"{name}:\n  label: Total\n  entity: tax_unit\n  unit: usd\n"
        f"  derive: sum({SURVEYED[i % 30]}) + sum({IMPUTED[i % 30]}) + max({IMPUTED[30 + i % 30]}, 0)"
        for i, name in enumerate(DERIVED)
    ]
    rates = [
        f"{name}:\n  label: Flag\n  entity: person\n  unit: flag\n"
        "  rate:\n    by: {age < 25: 0.2, age >= 65: 0.1}\n    otherwise: 0.5\n    source: A round figure"
        for name in RATES
    ]
    blocks = {"observed.yaml": [OBSERVED, *surveyed], "imputed.yaml": imputed, "made.yaml": [*derived, *rates]}
    return {file: "\n".join(parts) + "\n" for file, parts in blocks.items()}


def chain(names: list[str]) -> list[str]:
    return [
        f"{name}:\n  label: Imputed\n  entity: {'tax_unit' if name in UNITS else 'person'}\n  unit: usd\n"
        f"  regime: zero_inflated\n  from: donor\n"
        f"  predictors: [{'head.age, n_dependents' if name in UNITS else 'worker'}]\n"
        f"  order: [{', '.join(names[max(0, i - 3) : i])}]\n" + ("" if name in UNITS else "  zero_when: age < 16\n")
        for i, name in enumerate(names)
    ]


def write_target_tables(folder: Path) -> None:
    states = [{"state": f"s{fips}", "fips": fips} for fips in STATES]
    bands = [{"band": f"{low}_{high}", "low": low, "high": high} for low, high in AGE_BANDS]
    pd.DataFrame(states).assign(value=2_000_000, cell="B2").to_csv(folder / "states.csv", index=False)
    pd.DataFrame([{**state, **band} for state in states for band in bands]).assign(persons=200_000, cell="C2").to_csv(
        folder / "ages.csv", index=False
    )
    incomes = [{"band": number, "low": low, "high": high} for number, (low, high) in enumerate(INCOME_BANDS)]
    pd.DataFrame(incomes).assign(value=5_000_000, cell="D2").to_csv(folder / "incomes.csv", index=False)


def target_files() -> dict[str, str]:
    """3,060 amounts by state, 510 counts by state and age, 360 amounts by band of income, 70 single ones."""
    by_state = [
        f"  - id: wide.{name}.amount.{{state}}\n    of: {'tax_unit' if name in UNITS else 'person'}\n"
        f"    table: states.csv\n    measure: sum({name})\n    where: state_fips == '{{fips}}' and {name} > 0\n"
        f'    value: "{{value}}"\n    source: {{cell: "{{cell}}", concept: {name}.amount}}\n'
        for name in IMPUTED
    ]
    by_age = (
        "  - id: wide.persons.{state}.age_{band}\n    of: person\n    unit: count\n    table: ages.csv\n"
        "    measure: count()\n    where: state_fips == '{fips}' and age >= {low} and age <= {high}\n"
        '    value: "{persons}"\n    source: {cell: "{cell}", concept: persons.age}\n'
    )
    by_income = [
        f"  - id: wide.{name}.amount.income_{{band}}\n    table: incomes.csv\n    measure: sum({name})\n"
        f'    where: {name} >= {{low}} and {name} < {{high}}\n    value: "{{value}}"\n'
        f'    source: {{cell: "{{cell}}", concept: {name}.income}}\n'
        for name in DERIVED[:20]
    ]
    names = [*DERIVED, *IMPUTED[30:]][:SINGLE]
    single = [
        f"  - id: wide.{name}.returns\n    measure: count()\n    unit: count\n    where: {name} > 0\n"
        f"    value: {1_000_000 + number}\n    source: {{cell: E{number}, concept: {name}.returns}}\n"
        for number, name in enumerate(names)
    ]
    files = {"states.yaml": by_state, "ages.yaml": [by_age], "incomes.yaml": by_income, "single.yaml": single}
    return {file: TARGETS.format(of="tax_unit") + "\n".join(blocks) for file, blocks in files.items()}


def spent(command: list[str], folder: Path, wanted: int = 0) -> tuple[float, float]:
    """Wall seconds and CPU seconds (user and system) of one process, which must end with the exit code wanted."""
    begun, before = time.perf_counter(), os.times()
    code = subprocess.run(command, cwd=folder, check=False, stdout=subprocess.DEVNULL).returncode
    if code != wanted:
        raise SystemExit(f"{command} ended with {code}")
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - begun, cpu


def show(what: str, figures: list[tuple[float, float]]) -> None:
    wall, cpu = zip(*figures, strict=True)
    print(
        f"{what:<16} wall {min(wall):5.2f} s best {statistics.median(wall):5.2f} s median,"
        f" CPU {min(cpu):5.2f} s best {statistics.median(cpu):5.2f} s median"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="show the functions that one more plan spends most in")
    options = parser.parse_args()
    command = [sys.executable, "-c", CODE, "plan", "spec=wide", "scale=full"]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        write_project(root)
        print(f"{'first, profiling':<16} wall %5.2f s, CPU %5.2f s" % spent(command, root))
        show("python alone", [spent([sys.executable, "-c", "pass"], root) for _ in range(options.times)])
        show("plan", [spent(command, root) for _ in range(options.times)])
        edited = root / "edited"
        for folder in ("conf", "targets"):
            shutil.copytree(root / folder, edited / folder)
        (edited / "runs").mkdir()
        (edited / "runs" / ".cache").symlink_to(root / "runs" / ".cache")
        spec = edited / "conf" / "specs" / "wide" / "spec.yaml"
        spec.write_text(spec.read_text(encoding="utf-8").replace("min_support: 2", "min_support: 3"), encoding="utf-8")
        compared = [sys.executable, "-c", CODE, "diff", "wide", str(spec.parent)]
        show("diff", [spent(compared, root, wanted=4) for _ in range(options.times)])
        if options.profile:
            from microplex_spec.cli import main as run

            os.chdir(root)
            profile = cProfile.Profile()
            with redirect_stdout(StringIO()):
                profile.runcall(run, command[3:])
            pstats.Stats(profile).sort_stats("cumulative").print_stats(45)


if __name__ == "__main__":
    main()
