"""microplex-spec targets: what it lists before and after a build, its filters, and its refusals."""

import csv
import json

import pytest

from microplex_spec.cli import main

FEW = ("spec=small", "scale=smoke", "scale.households=60")
BLIND = """\
  - id: small.blind.again
    where: is_blind
    value: 900000
    source: {agency: Office of Sight}
  - id: small.blind.persons
    where: is_blind
    value: 500000
"""


@pytest.fixture
def here(small_project, monkeypatch):
    monkeypatch.chdir(small_project.root)
    small_project.append("targets/small/population.yaml", BLIND)
    return small_project


def listed(capsys, *arguments: str) -> dict[str, dict]:
    assert main(["targets", *FEW, "--json", *arguments]) == 0
    return {row["id"]: row for row in json.loads(capsys.readouterr().out)["targets"]}


def test_before_a_build_the_text_decides_and_a_line_says_what_finds_out_the_rest(here, capsys):
    assert main(["targets", *FEW]) == 0
    out = capsys.readouterr().out
    assert "small.blind.persons" in out and "contradictory" in out and "44 % apart" in out
    assert "1 contradictory" in out and " to_fit" in out and "1 holdout" in out
    assert f"microplex-spec build {' '.join(FEW)} --select calibrate" in out.splitlines()[-1]
    rows = listed(capsys)
    assert all(row["support"] is row["initial"] is row["stretch"] is None for row in rows.values())
    assert rows["small.population.total"]["family"] == "population"
    assert rows["small.population.total"]["place"].startswith("targets/small/population.yaml:")
    assert rows["small.elderly.persons"]["status"] == "holdout"


def test_filters_leave_what_they_name(here, capsys):
    rows = listed(capsys)
    assert set(listed(capsys, "--status", "contradictory")) == {"small.blind.persons"}
    assert set(listed(capsys, "--agency", "sight")) == {"small.blind.again"}
    assert set(listed(capsys, "--family", "dividends")) == {"small.dividends.returns"}
    assert listed(capsys, "--family", "dividends", "--status", "monitor") == {}
    assert list(rows) == sorted(rows)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--status", "contradictry"), "unknown status 'contradictry' (did you mean 'contradictory'?)"),
        (("--agency", "Office of Sihgt"), "unknown agency 'Office of Sihgt' (did you mean 'Office of Sight'?)"),
        (("--family", "dividend"), "unknown family 'dividend' (did you mean 'dividends'?)"),
    ],
)
def test_a_filter_that_names_nothing_is_a_wrong_call(here, capsys, arguments, fault):
    assert main(["targets", *FEW, *arguments]) == 2
    assert fault in capsys.readouterr().err


def test_after_a_build_support_initial_estimate_and_stretch_stand_beside_and_the_farthest_comes_first(
    here, capsys, tmp_path
):
    assert main(["build", *FEW, "--select", "calibrate"]) == 0
    capsys.readouterr()
    rows = listed(capsys)
    total = rows["small.population.total"]
    assert total["support"] == 60 and total["stretch"] == pytest.approx(total["value"] / total["initial"])
    assert "to_fit" not in {row["status"] for row in rows.values()}
    assert rows["small.blind.persons"]["status"] == "contradictory"
    assert "targets/small/population.yaml:" in rows["small.blind.persons"]["reason"]
    file = tmp_path / "targets.csv"
    assert main(["targets", *FEW, "--status", "fitted", "--csv", str(file)]) == 0
    out = capsys.readouterr().out
    assert "microplex-spec build" not in out
    written = list(csv.DictReader(file.open()))
    needs = [max(float(row["stretch"]), 1 / float(row["stretch"])) for row in written]
    assert needs == sorted(needs, reverse=True) and {row["status"] for row in written} == {"fitted"}
    here.edit("targets/small/population.yaml", "value: 500000", "value: 400000")
    assert all(row["support"] is None for row in listed(capsys).values())
