"""The command bakeoff: methods on real rows, what a kill leaves, winners that a spec adopts, faults with places."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from small_bakeoff import BAKEOFF, write_bakeoff
from small_project import SmallProject

from microplex_spec import compile_plan
from microplex_spec.cli import main
from microplex_spec.spec.choices import BackendChoice, Choices, Scale


@pytest.fixture(scope="module")
def baked(small_project_template: SmallProject, tmp_path_factory: pytest.TempPathFactory) -> tuple[SmallProject, Path]:
    """A small project in which the bakeoff was killed after its second line."""
    root = tmp_path_factory.mktemp("baked") / "project"
    shutil.copytree(small_project_template.root, root)
    small = SmallProject(root)
    write_bakeoff(small)
    call = [sys.executable, "-m", "microplex_spec", "bakeoff", "earnings", "--project", str(root)]
    process = subprocess.Popen(call, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(lines_of(root)) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return small, folder_of(root)


def folder_of(root: Path) -> Path:
    (folder,) = (path for path in (root / "runs" / "bakeoffs").iterdir() if path.name.startswith("earnings-"))
    return folder


def lines_of(root: Path) -> list[dict]:
    found = list((root / "runs" / "bakeoffs").glob("earnings-*/results.jsonl"))
    text = found[0].read_text(encoding="utf-8") if found else ""
    return [json.loads(line) for line in text.splitlines() if line.endswith("}")]


@pytest.fixture(scope="module")
def resumed(baked: tuple[SmallProject, Path]) -> tuple[SmallProject, Path, list[dict]]:
    small, folder = baked
    before = lines_of(small.root)
    # What a kill in the middle of a line leaves.
    with (folder / "results.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"kind": "method", "na')
    call = ["bakeoff", "--resume", folder.name, "--project", str(small.root)]
    assert main([*call, "--tables", "--markdown", str(small.root / "so_far.md")]) == 0
    assert lines_of(small.root) == before
    document = small.root / "document.md"
    assert main([*call, "--markdown", str(document)]) == 0
    return small, folder, before


def test_a_killed_bakeoff_keeps_its_lines_and_does_only_what_is_missing(resumed):
    small, _, before = resumed
    after = lines_of(small.root)
    assert 2 <= len(before) < len(after) == 5
    assert after[: len(before)] == before
    jobs = [(line["kind"], line["name"], line["seed"]) for line in after]
    assert len(set(jobs)) == 5 and all(line["status"] == "done" for line in after)


def test_each_method_is_scored_on_rows_of_households_that_it_was_not_fitted_on(resumed):
    small, _, _ = resumed
    for line in lines_of(small.root):
        if line["kind"] != "method":
            continue
        assert line["rows"]["train"] + line["rows"]["test"] <= 600 and line["rows"]["test"] > 60
        scores = line["scores"]
        assert 0 < scores["coverage"] <= 1 and 0 < scores["latent_coverage"] <= 1
        assert scores["band_violations"] == 0 and 0 <= scores["zero_rate_mae"] < 0.2
        assert scores["calibration_error"] <= scores["calibration_error_before"]
        assert [row["variable"] for row in line["variables"]] == ["employment_income", "self_employment_income"]
        assert all(row["crps"] > 0 and row["fit_seconds"] > 0 for row in line["variables"])
        assert [cell["name"] for cell in line["rare_cells"]] == ["elderly_earners", "top_wages"]
        assert line["cost"]["peak_bytes"] > line["cost"]["added_bytes"] >= 0


def test_results_are_told_as_tables_a_page_and_a_document(resumed):
    small, folder, _ = resumed
    methods = pd.read_csv(folder / "methods.csv")
    assert set(methods["method"]) == {"qrf", "aware", "training_rows", "blind"} and (methods["seeds"] == 1).all()
    columns, gates = pd.read_csv(folder / "columns.csv"), pd.read_csv(folder / "gates.csv")
    assert len(columns) == 4 * 2 and set(gates["gate"]) == {"hist_gb"} and gates["auc"].between(0.5, 1).all()
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Rare cells at 600 rows" in page and "<svg" in page and "src=" not in page
    document = (small.root / "document.md").read_text(encoding="utf-8")
    assert f"microplex-spec bakeoff --resume {folder.name}" in document and "| aware |" in document


def test_tables_of_an_unfinished_bakeoff_say_so_and_run_nothing(resumed):
    small = resumed[0]
    so_far, whole = ((small.root / name).read_text(encoding="utf-8") for name in ("so_far.md", "document.md"))
    assert "It was stopped before its end" in so_far and "--tables --markdown" in so_far
    assert "| training_rows |" in so_far and "Gates at" not in so_far
    assert "stopped before" not in whole and "--tables" not in whole and "Gates at 600 rows" in whole


def test_a_spec_adopts_the_winner_of_its_variable(resumed, capsys):
    small, folder, _ = resumed
    won = json.loads((folder / "winners.json").read_text(encoding="utf-8"))["variables"]["self_employment_income"]
    before = plan_of(small)["impute:self_employment_income"]
    small.edit(
        "variables/imputed.yaml",
        "  zero_when: age < 16\n",
        f"  zero_when: age < 16\n  imputer: {{adopt: bakeoff/{folder.name}}}\n",
    )
    try:
        step = plan_of(small)["impute:self_employment_income"]
        assert (step.backend, step.params["params"]) == (won["imputer"], won["params"])
        assert step.key != before.key
        assert step.reasons[0].rule == "adopted" and folder.name in step.reasons[0].text
        assert won["runner_up"]["method"] in step.reasons[0].text
        # A run that names an imputer decides for variables that leave it open, not for this one.
        assert plan_of(small, "qrf")["impute:self_employment_income"].backend == won["imputer"]
    finally:
        small.edit("variables/imputed.yaml", f"\n  imputer: {{adopt: bakeoff/{folder.name}}}", "")


def test_settings_adopt_for_variables_without_an_imputer_of_their_own(resumed):
    small, folder, _ = resumed
    small.append("spec.yaml", f"imputer: {{adopt: bakeoff/{folder.name}}}\n")
    try:
        (error,) = small.errors()
        place = small.at("spec.yaml", f"bakeoff/{folder.name}")
        assert error == (
            f"{place}: bakeoff/{folder.name} has no winner for 'dividends' (known: employment_income, "
            "self_employment_income)"
        )
        small.edit("variables/imputed.yaml", "  label: Dividends\n", "  label: Dividends\n  imputer: {name: qrf}\n")
        reasons = {step.id: step.reasons[0].rule for step in plan_of(small) if step.kind == "impute"}
        assert reasons == {"impute:self_employment_income": "adopted", "impute:dividends": "asked-for"}
        assert plan_of(small, "qrf")["impute:self_employment_income"].backend == "qrf"
    finally:
        small.edit("spec.yaml", f"imputer: {{adopt: bakeoff/{folder.name}}}\n", "")
        own = "  imputer: {name: qrf}\n"
        if own in small.path("variables/imputed.yaml").read_text(encoding="utf-8"):
            small.edit("variables/imputed.yaml", own, "")


def plan_of(small: SmallProject, imputer: str = "auto"):
    choices = Choices(spec="small", scale=Scale(name="test"), imputer=BackendChoice(name=imputer))
    return compile_plan(small.load(), choices)


def test_adopting_from_nowhere_is_told_with_its_place(small_project):
    small_project.edit(
        "variables/imputed.yaml", "  uprate: ASCHCI\n", "  uprate: ASCHCI\n  imputer: {adopt: bakeoff/earnings}\n"
    )
    (error,) = small_project.errors()
    place = small_project.at("variables/imputed.yaml", "bakeoff/earnings")
    assert error == f"{place}: no finished bakeoff 'earnings' under runs/bakeoffs"


@pytest.mark.parametrize("text", ["{}", "[]", '{"variables": []}', '{"variables": {"dividends": 3}}', "{"])
def test_winners_that_cannot_be_read_are_told_with_the_place_that_adopts_them(small_project, text):
    folder = small_project.root / "runs" / "bakeoffs" / "earnings-1"
    folder.mkdir(parents=True)
    (folder / "winners.json").write_text(text, encoding="utf-8")
    small_project.edit(
        "variables/imputed.yaml", "  uprate: ASCHCI\n", "  uprate: ASCHCI\n  imputer: {adopt: bakeoff/earnings-1}\n"
    )
    place = small_project.at("variables/imputed.yaml", "bakeoff/earnings-1")
    for error in small_project.errors():
        assert error.startswith(f"{place}: runs/bakeoffs/earnings-1/winners.json cannot be read: ")
        assert error.endswith("(microplex-spec bakeoff --resume earnings-1 writes it again)")


@pytest.mark.parametrize("text", ["{adopt: earnings}", "{name: qrf, adopt: bakeoff/x}", "{params: {trees: 3}}", "{}"])
def test_an_imputer_is_named_or_adopted_never_both(small_project, text):
    small_project.edit("variables/imputed.yaml", "  uprate: ASCHCI\n", f"  uprate: ASCHCI\n  imputer: {text}\n")
    (error,) = small_project.errors()
    assert error.startswith("conf/specs/small/variables/imputed.yaml:") and "bakeoff/ID" in error


def test_a_method_that_fails_is_a_line_and_stops_nothing(small_project, capsys):
    text = BAKEOFF.replace("  aware: {", "  wild: {imputer: zi_qdnn, params: {learning_rate: 1.0e+30}}\n  aware: {")
    write_bakeoff(small_project, text.replace("[hist_gb]", "[]"))
    assert main(["bakeoff", "earnings", "--project", str(small_project.root)]) == 1
    told = capsys.readouterr()
    lines = lines_of(small_project.root)
    assert [line["status"] for line in lines] == ["done", "done", "done", "failed", "done"]
    assert lines[3]["error"].startswith("employment_income: the network diverged")
    assert "1 failed; try them again with --resume earnings-" in told.err


FAULTS = {
    "unknown key": ("entity: person", "entiti: person", "unknown key 'entiti' (did you mean 'entity'?)"),
    "source": ("source: donors", "source: doners", "unknown source 'doners' (did you mean 'donors'?)"),
    "column": ("  employment_income: zero", "  employment_incom: zero", "unknown column"),
    "regime": ("three_sign", "three_signs", "cannot be 'three_signs' (did you mean 'three_sign'?)"),
    "imputer": ("regime_aware", "regime_awar", "unknown imputer 'regime_awar' (did you mean 'regime_aware'?)"),
    "parameter": ("{trees: 5}", "{tres: 5}", "parameter of imputer 'qrf': 'tres' (did you mean 'trees'?)"),
    "gate": ("hist_gb", "hist", "unknown gate 'hist' (did you mean 'hist_gb'?)"),
    "cell": ("age >= 65", "ages >= 65", "unknown column 'ages' (did you mean 'age'?)"),
    "group": ("[household]", "[households]", "unknown column or entity 'households' (did you mean 'household'?)"),
    "scale": ("[600]", "[600_000]", "a scale of 600,000 rows, of which there are"),
    "small scale": ("[600]", "[12]", "no more than k = 3"),
    "calibration": ("calibration: {", "calibration: {params: {lowr: 0.2}, ", "'lowr' (did you mean 'lower'?)"),
    "condition of another entity": (
        "entity: person",
        "entity: tax_unit",
        "earnings.yaml:7:14: age has a value for each person, not for each tax_unit",
    ),
    "regime that rows contradict": (
        "employment_income: zero_inflated",
        "employment_income: positive",
        "employment_income (600 rows, seed 1): regime 'positive' does not hold: ",
    ),
    "regime that a method lacks": (
        "self_employment_income: three_sign\nmethods:\n",
        "self_employment_income: categorical\nmethods:\n  nets: {imputer: zi_qdnn}\n",
        "method 'nets' cannot draw self_employment_income: imputer 'zi_qdnn' lacks regime 'categorical'",
    ),
    "regime that rows show one method": (
        "self_employment_income: three_sign\nmethods:\n",
        "self_employment_income: count\nmethods:\n  lenient: {imputer: qrf, params: {stray_tolerance: 0.9}}\n",
        "self_employment_income (600 rows, seed 1) for qrf, aware: regime 'count' does not hold: ",
    ),
    "cell without a condition": (
        "where: age >= 65 and employment_income > 0",
        "where: employment_income",
        "no condition",
    ),
    "cell of a mixed condition": ("age >= 65 and", "age and", "rare cell 'elderly_earners': "),
    "cell of all": ("share: 0.05", "share: 0.9", "rare cell 'top_wages': the top 0.9 of employment_income begins at 0"),
    "published": (
        "rare_cells:",
        "published: {source: a paper, scale: 600, coverage: {qfr: 0.9}}\nrare_cells:",
        "unknown method 'qfr' (did you mean 'qrf'?)",
    ),
    "k": ("cap: 100", "cap: 2", "cap of 2 rows must be above k = 3"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_is_wrong_is_told_with_its_place_before_anything_runs(small_project, capsys, case):
    old, new, message = FAULTS[case]
    assert BAKEOFF.count(old) >= 1
    write_bakeoff(small_project, BAKEOFF.replace(old, new, 1))
    assert main(["bakeoff", "earnings", "--project", str(small_project.root)]) == 2
    told = capsys.readouterr().err
    assert message in told and told.startswith("conf/bakeoffs/earnings.yaml:")
    assert not (small_project.root / "runs" / "bakeoffs").exists()


def test_faults_are_told_together(small_project, capsys):
    text = BAKEOFF.replace("age >= 65", "ages >= 65").replace("by: is_tax", "by: is_the_tax")
    write_bakeoff(small_project, text.replace("employment_income > 0", "employment_income >"))
    assert main(["bakeoff", "earnings", "--project", str(small_project.root)]) == 2
    assert "2 problems; nothing was written" in capsys.readouterr().err
    text = BAKEOFF.replace("regime_aware", "regime_awar").replace("[hist_gb]", "[hist]").replace("[age,", "[ages,")
    write_bakeoff(
        small_project, text.replace("by: is_tax_unit_head", "calibrator: logits").replace("age >=", "ages >=")
    )
    assert main(["bakeoff", "earnings", "--project", str(small_project.root)]) == 2
    assert "4 problems; nothing was written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["earning"], "no bakeoff 'earning' under conf/bakeoffs (did you mean 'earnings'?)"),
        ([], "say which bakeoff (under conf/bakeoffs: earnings, us_cps)"),
        (["earnings", "--methods", "qrff"], "unknown method 'qrff' (did you mean 'qrf'?)"),
        (["--resume", "earnings-1"], "no bakeoff 'earnings-1' under runs/bakeoffs"),
        (["--resume", "earnings-1", "--seeds", "3"], "a bakeoff goes on as it was called"),
        (["--resume", "earnings-1", "--tables"], "no bakeoff 'earnings-1' under runs/bakeoffs"),
        (["earnings", "--tables"], "--tables tells an earlier bakeoff (name it: --resume ID --tables)"),
        (["earnings", "--seeds", "one"], "invalid"),
    ],
)
def test_a_wrong_call_is_told(small_project, capsys, arguments, message):
    write_bakeoff(small_project)
    assert main(["bakeoff", *arguments, "--project", str(small_project.root)]) == 2
    assert message in capsys.readouterr().err


def test_the_shipped_bakeoff_names_columns_that_the_survey_has():
    from small_project import REPOSITORY

    from microplex_spec.execute.bakeoff.table import Origin
    from microplex_spec.spec.bakeoffs import find_bakeoff
    from microplex_spec.spec.project import Project

    project = Project(REPOSITORY)
    bakeoff, document = find_bakeoff(project, "us_cps")
    assert (len(bakeoff.conditions), len(bakeoff.draw)) == (14, 36)
    Origin(project, bakeoff, document)
