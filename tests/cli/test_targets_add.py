"""targets add: a row in its place, checked with the whole spec; else nothing is written and every fault told."""

import pytest
from small_project import SmallProject

from microplex_spec.cli import main

GOOD = ("--id", "small.dividends.amount", "--measure", "sum(dividends)", "--value", "1000000", "--cell", "C9")


@pytest.fixture
def here(small_project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    monkeypatch.chdir(small_project.root)
    return small_project


def add(*arguments: str, file: str = "small/income.yaml") -> int:
    return main(["targets", "add", "spec=small", "--file", file, *arguments])


def test_a_row_stands_at_the_end_with_what_the_file_shares(here, capsys):
    before = here.path("targets/small/income.yaml").read_text(encoding="utf-8")
    assert add(*GOOD, "--concept", "dividends.amount", "--role", "monitor", "--tolerance", "0.1") == 0
    after = here.path("targets/small/income.yaml").read_text(encoding="utf-8")
    assert after.startswith(before)
    target = {target.id: target for target in here.load().targets}["small.dividends.amount"]
    assert (target.id, target.value, target.of, target.unit) == ("small.dividends.amount", 1_000_000, "tax_unit", "usd")
    assert (target.role, target.tolerance, target.source.agency) == ("monitor", 0.1, "Test agency")
    assert (
        here.at("targets/small/income.yaml", "id: small.dividends.amount").rpartition(":")[0] in capsys.readouterr().out
    )


def test_every_fault_is_told_by_the_option_that_gave_it_and_nothing_is_written(here, capsys):
    path = here.path("targets/small/income.yaml")
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    assert add("--id", "Bad Id", "--unit", "dollars", "--value", "12,5", "--measure", "count()") == 2
    told = capsys.readouterr().err
    for option in ("--id: ", "--unit: ", "--value: "):
        assert f"\n{option}" in f"\n{told}"
    assert "3 problems; nothing was written" in told
    assert add("--id", "small.x", "--value", "5", "--measure", "sum(dividendz)", "--where", "agee > 3") == 2
    told = capsys.readouterr().err
    assert "--measure: unknown variable 'dividendz' (did you mean 'dividends'?)" in told and "--where: unknown" in told
    assert add("--id", "small.x") == 2
    told = capsys.readouterr().err
    assert "(give --measure)" in told and "(give --value)" in told
    assert add(*GOOD[2:], "--id", "small.dividends.returns") == 2
    assert "stands twice" in capsys.readouterr().err
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def test_faults_that_the_spec_had_before_keep_their_place(here, capsys):
    here.edit("variables/imputed.yaml", "age < 16", "agee < 16")
    assert add(*GOOD) == 2
    assert here.at("variables/imputed.yaml", "agee") in capsys.readouterr().err


def test_a_new_file_is_made_where_the_spec_reads_it(here, capsys):
    row = ("--of", "person", "--period", "2023", "--unit", "count", "--value", "5", "--measure", "count()")
    source = ("--agency", "A", "--title", "T: of 2023", "--url", "https://example.org/#1")
    assert add("--id", "small.a.b", *row, *source, file="small/new.yaml") == 0
    assert {target.id: target for target in here.load().targets}["small.a.b"].source.title == "T: of 2023"
    (here.root / "targets" / "other").mkdir()
    assert add("--id", "small.a.c", *row, *source, file="other/new.yaml") == 2
    assert "does not read targets/other/new.yaml" in capsys.readouterr().err
    assert list((here.root / "targets" / "other").iterdir()) == []


def test_the_year_is_the_one_given_else_that_of_the_file_and_else_of_the_spec(here, capsys):
    row = ("--of", "person", "--unit", "count", "--value", "5", "--measure", "count()")
    source = ("--agency", "A", "--title", "T", "--url", "https://example.org/#1")
    here.path("targets/small/dated.yaml").write_text("defaults: {period: 2023}\ntargets: []\n", encoding="utf-8")
    assert add("--id", "small.a.file", *row, *source, file="small/dated.yaml") == 0
    assert add("--id", "small.a.spec", *row, *source, file="small/new.yaml") == 0
    spec = here.load()
    years = {target.id: target.period for target in spec.targets}
    assert years["small.a.file"] == years["small.a.spec"] == spec.period == 2023
    assert here.path("targets/small/dated.yaml").read_text(encoding="utf-8").count("period") == 1
    assert add("--id", "small.a.given", "--period", "2021", *row, *source, file="small/new.yaml") == 2
    assert "--period: the target is of 2021" in capsys.readouterr().err


def test_the_file_must_be_named_where_there_are_several(here, capsys):
    assert main(["targets", "add", "spec=small", *GOOD]) == 2
    told = capsys.readouterr().err
    assert "name one by --file" in told and "small/income.yaml, small/population.yaml" in told
    assert add(*GOOD, file="../conf/build.yaml") == 2
    here.path("targets/small/population.yaml").write_bytes(b"\xff\xfe")
    assert add(*GOOD, file="small/population.yaml") == 2
    assert "not a text in UTF-8" in capsys.readouterr().err
