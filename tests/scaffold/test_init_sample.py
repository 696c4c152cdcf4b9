"""init without data: a project of real records and published targets that is valid, complete and builds at once."""

import csv
import json
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from microplex_spec.cli import main
from microplex_spec.scaffold.write import TEMPLATES
from microplex_spec.spec.load import load_spec
from microplex_spec.spec.project import Project
from microplex_spec.spec.yaml_reader import read_yaml

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("init") / "mine"
    assert main(["init", str(folder)]) == 0
    return folder


def test_the_project_builds_as_it_is_and_passes_its_checks(made, capsys, monkeypatch):
    monkeypatch.chdir(made)
    assert main(["build"]) == 0
    (run,) = (made / "runs" / "us_sample").iterdir()
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["status"] == "done" and manifest["headline"]["fit_within_10pct"] > 0.9
    told = list(csv.DictReader((run / "imputation.csv").open(encoding="utf-8")))
    assert {row["regime"] for row in told} == {"three_sign", "zero_inflated"}
    # The survey itself found more units with interest in 2014 than in the donors' year.
    assert all(float(row["ks_truth"]) < (0.15 if row["variable"] == "taxable_interest" else 0.05) for row in told)
    unsupported = manifest["headline"]["targets_unsupported"]
    assert f"{unsupported} microplex-spec targets --status unsupported tells why" in capsys.readouterr().out


def test_every_yaml_file_points_at_a_schema_that_it_meets(made):
    files = [path for path in made.rglob("*.yaml") if "runs" not in path.relative_to(made).parts]
    assert len(files) >= 10
    for path in files:
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema="), path
        schema = json.loads((path.parent / first.partition("=")[2]).read_text(encoding="utf-8"))
        data = json.loads(json.dumps(read_yaml(path, path.name).data))
        assert [fault.message for fault in Draft202012Validator(schema).iter_errors(data)] == [], path


def test_its_published_figures_are_those_of_the_shipped_targets(made):
    sample = {target.id: target for target in load_spec("us_sample", Project(made)).targets}
    shipped = {target.id: target for target in load_spec("us_cps_2023", Project(REPOSITORY)).targets}
    census = [name for name in sample if name.startswith("us.census.")]
    assert len(census) > 60 and all(sample[name] == shipped[name] for name in census)
    others = {
        "us.irs.employment_income.amount": "us.irs.employment_income.amount.agi_all",
        "us.irs.taxable_interest.amount": "us.irs.taxable_interest.amount.agi_all",
        "us.irs.taxable_interest.returns": "us.irs.taxable_interest.returns.agi_all",
    }
    cells = {(target.value, target.source.cell) for target in shipped.values()}
    for name in others:
        assert (sample[name].value, sample[name].source.cell) in cells, name


def test_the_run_choices_are_the_shipped_ones(made):
    _, _, own = (made / "conf" / "build.yaml").read_text(encoding="utf-8").partition("\n")
    shipped = (REPOSITORY / "conf" / "build.yaml").read_text(encoding="utf-8")
    assert own.replace("spec: us_sample", "spec: us_cps_2023") == shipped


def test_what_git_is_to_leave_out_is_named(made):
    assert "runs/*" in (made / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert (made / "runs" / ".gitkeep").is_file()
    assert "microplex-spec build" in (made / "README.md").read_text(encoding="utf-8")


def test_a_folder_that_holds_something_is_refused_and_left_as_it_is(tmp_path, capsys):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "thesis.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    for name in ("used", "file"):
        assert main(["init", str(tmp_path / name)]) == 2
        told = capsys.readouterr().err
        assert ("is not empty" in told or "is a file" in told) and "nothing was written" in told
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_folder_is_filled_in_place(tmp_path, monkeypatch):
    survey = tmp_path / "survey.csv"
    survey.write_text("id,income\n1,5\n2,9\n", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert main(["init", ".", "--from-data", str(survey)]) == 0
    assert main(["validate"]) == 0


def test_the_package_lists_all_its_data_files():
    listed = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    patterns = {package.replace(".", "/"): globs for package, globs in listed["package-data"].items()}
    package = REPOSITORY / "microplex_spec"
    data = [
        path
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    ]
    unlisted = [
        str(path)
        for path in data
        if not any(
            path.is_relative_to(REPOSITORY / folder)
            and any(fnmatch(str(path.relative_to(REPOSITORY / folder)), glob.replace("**/", "*")) for glob in globs)
            for folder, globs in patterns.items()
        )
    ]
    assert unlisted == []
    assert {entry.name for entry in TEMPLATES.iterdir()} == {"project", "sample"}
