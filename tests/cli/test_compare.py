"""The command compare: a sweep and single runs as a leaderboard."""

import json
from pathlib import Path

import pytest
from small_project import SmallProject

from microplex_spec.cli import main
from microplex_spec.cli.leaderboard_text import as_text
from microplex_spec.compare.leaderboard import METRICS, Member, leaderboard

FEW = ("spec=small", "scale=smoke", "scale.households=60")


@pytest.fixture
def here(small_project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    monkeypatch.chdir(small_project.root)
    return small_project


def test_a_sweep_is_ranked_over_its_seeds_with_table_and_page(here, capsys):
    assert main(["build", "-m", *FEW, "calibrator=logit,chi2", "seed=1,2"]) == 0
    (sweep,) = (here.root / "runs" / "sweeps").iterdir()
    capsys.readouterr()
    assert main(["compare", str(sweep), "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)["entries"]
    assert {entry["label"] for entry in entries} == {"calibrator=logit", "calibrator=chi2"}
    assert all(
        sorted(entry["seeds"]) == [1, 2] and entry["metrics"]["ess_share"]["spread"] is not None for entry in entries
    )
    assert main(["compare", str(sweep), "--csv", "table.csv", "--html", "page.html", "--sort", "ess_share"]) == 0
    text = capsys.readouterr().out
    assert "calibrator=logit" in text and "±" in text
    assert len(Path("table.csv").read_text(encoding="utf-8").splitlines()) == 3
    page = Path("page.html").read_text(encoding="utf-8")
    assert "calibrator=chi2" in page and "<svg" in page and "src=" not in page


@pytest.mark.parametrize("width", [60, 120, 400])
def test_no_figure_is_cut_off_in_a_narrow_terminal(width):
    figures = {name: 0.1234 for name in METRICS if name != "benchmarks"}
    members = [Member(f"r{i}", i, {"calibrator": c}, figures) for i in (1, 2) for c in ("logit", "chi2")]
    told = as_text(leaderboard(members), METRICS["holdout"], width)
    assert max(map(len, told.splitlines())) <= width
    assert told.count("12.3 %") == 2 * sum(METRICS[name].unit == "share" for name in figures)
    assert "peak" in told and "calibrator=chi2" in told and "benchmark error" not in told


def test_what_cannot_be_compared_is_told(here, capsys):
    assert main(["compare", str(here.root / "conf")]) == 2
    assert "holds no run" in capsys.readouterr().err
    assert main(["build", *FEW]) == 0
    (run,) = (here.root / "runs" / "small").iterdir()
    assert main(["compare", str(run), "--sort", "hold_out"]) == 2
    assert "unknown metric 'hold_out' (did you mean 'holdout'?)" in capsys.readouterr().err


def test_an_unfinished_member_is_left_out_by_name(here, capsys):
    assert main(["build", *FEW]) == 0
    (run,) = (here.root / "runs" / "small").iterdir()
    half = here.root / "runs" / "small" / "half"
    half.mkdir()
    (half / "plan.json").write_text((run / "plan.json").read_text(encoding="utf-8"), encoding="utf-8")
    capsys.readouterr()
    assert main(["compare", str(run), str(half)]) == 0
    told = capsys.readouterr()
    assert "the same choices" in told.out and f"resume {half}" in told.err


def test_what_members_reuse_counts_as_if_each_had_been_built_alone(here, capsys):
    assert main(["build", "-m", *FEW, "calibrator=chi2,logit"]) == 0
    (sweep,) = (here.root / "runs" / "sweeps").iterdir()
    capsys.readouterr()
    assert main(["compare", str(sweep), "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)["entries"]
    seconds = {entry["label"]: entry["metrics"]["seconds"]["mean"] for entry in entries}
    manifest = json.loads((sweep / "0" / "manifest.json").read_text(encoding="utf-8"))
    shared = sum(s["seconds"] for s in manifest["steps"] if s["id"].startswith(("load", "uprate", "impute", "derive")))
    assert shared > 0 and min(seconds.values()) > shared


def test_an_edited_spec_is_named_beside_the_imputer_and_is_no_difference_of_imputers_alone(here, capsys):
    assert main(["build", "-m", *FEW, "imputer=cart,hotdeck"]) == 0
    here.edit("targets/small/income.yaml", "    where: age >= 65", "    where: age >= 66")
    assert main(["build", *FEW, "imputer=cart"]) == 0
    (sweep,) = (here.root / "runs" / "sweeps").iterdir()
    (run,) = (here.root / "runs" / "small").iterdir()
    labels = {}
    for name, folders in {"sweep": [sweep], "both": [sweep / "1", run]}.items():
        capsys.readouterr()
        assert main(["compare", *map(str, folders), "--json"]) == 0
        labels[name] = [entry["label"] for entry in json.loads(capsys.readouterr().out)["entries"]]
    assert sorted(labels["sweep"]) == ["imputer=cart", "imputer=hotdeck"]
    assert all("imputer=" in label and "spec=small " in label for label in labels["both"])


def test_what_decides_only_cost_is_a_choice_and_a_repeated_run_is_told(here, capsys):
    assert main(["build", "-m", *FEW, "executor=serial,joblib", "seed=1"]) == 0
    assert main(["build", *FEW]) == 0
    (sweep,) = (here.root / "runs" / "sweeps").iterdir()
    (run,) = (here.root / "runs" / "small").iterdir()
    capsys.readouterr()
    assert main(["compare", str(sweep), str(run), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert sorted(entry["label"] for entry in content["entries"]) == ["executor=joblib", "executor=serial"]
    assert list(content["left_out"]) == [str(sweep / "0")]
    assert f"as {run}, which counts" in content["left_out"][str(sweep / "0")]
