"""Rows of targets over CSV tables: a target a line, slots filled, texts kept, faults told with their places."""

from pathlib import Path

import pytest

from microplex_spec.spec.errors import Place, Problems, SpecError
from microplex_spec.spec.expand import expand_row, read_table
from microplex_spec.spec.places import Places
from microplex_spec.spec.yaml_reader import Document, read_yaml

TABLE = "state,fips,sex,persons,cell\nak,02,all,733406,B2\nak,02,female,350000,B3\nal,01,all,5108468,B4\n"
ROW = """\
targets:
  - id: pop.{state}
    table: t.csv
    rows: {sex: all}
    where: state_fips == '{fips}' and age > 1
    value: "{persons}"
    period: 2023
    source: {cell: "{cell}"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "t.csv").write_text(TABLE)
    return tmp_path


def document(folder: Path, text: str = ROW) -> Document:
    (folder / "t.yaml").write_text(text)
    return read_yaml(folder / "t.yaml", "targets/t.yaml")


def expand(folder: Path, text: str = ROW):
    found, problems = document(folder, text), Problems()
    targets = expand_row(found.data["targets"][0], folder, found, ("targets", 0), problems)
    return targets, [str(problem) for problem in problems.found]


def test_a_row_stands_for_one_target_a_chosen_line(folder):
    targets, problems = expand(folder)
    assert problems == []
    assert [target.data for target in targets] == [
        {
            "id": "pop.ak",
            "where": "state_fips == '02' and age > 1",
            "value": 733406.0,
            "period": 2023,
            "source": {"cell": "B2"},
        },
        {
            "id": "pop.al",
            "where": "state_fips == '01' and age > 1",
            "value": 5108468.0,
            "period": 2023,
            "source": {"cell": "B4"},
        },
    ]


def test_every_line_is_taken_where_none_is_chosen(folder):
    targets, _ = expand(folder, ROW.replace("    rows: {sex: all}\n", "").replace("{state}", "{state}.{sex}"))
    assert [target.data["id"] for target in targets] == ["pop.ak.all", "pop.ak.female", "pop.al.all"]


def test_a_row_without_a_table_is_one_target_as_it_stands(folder):
    targets, problems = expand(folder, "targets:\n  - {id: a, value: 5}\n")
    assert (problems, [target.data for target in targets]) == ([], [{"id": "a", "value": 5}])


def test_a_number_of_the_row_chooses_lines_by_its_text(folder):
    text = ROW.replace("{sex: all}", "{persons: 733406}")
    assert [target.data["id"] for target in expand(folder, text)[0]] == ["pop.ak"]


@pytest.mark.parametrize("cell", ["1 000", "n/a", "", "nan", "inf", "1_000", "'1,5'"])
def test_a_cell_that_is_no_figure_is_told_with_its_line(folder, cell):
    (folder / "t.csv").write_text(TABLE.replace("5108468", cell if "," not in cell else '"1,5"'))
    targets, problems = expand(folder)
    shown = cell.strip("'")
    assert targets == []
    assert problems == [f"targets/t.yaml:6:13: value {shown!r} is not a number (line 4 of t.csv)"]


def test_every_unknown_column_is_told_at_its_field(folder):
    _, problems = expand(folder, ROW.replace("{cell}", "{cel}").replace("{sex:", "{sexes:").replace("{fips}", "{fip}"))
    assert problems == [
        "targets/t.yaml:4:12: table t.csv has no column 'sexes' (did you mean 'sex'?)",
        "targets/t.yaml:5:12: table t.csv has no column 'fip' (did you mean 'fips'?)",
        "targets/t.yaml:8:21: table t.csv has no column 'cel' (did you mean 'cell'?)",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "targets/t.csv:1:1: the table holds no lines"),
        ("a,b\n", "targets/t.csv:1:1: the table holds no lines"),
        ("a,b\n1\n", "targets/t.csv:2:1: 1 cells in a table of 2 columns (quote a cell that holds a comma)"),
        ("a,b\n1,2\n1,234,5\n", "targets/t.csv:3:1: 3 cells in a table of 2 columns (quote a cell that holds a comma)"),
        ("a,a\n1,2\n", "targets/t.csv:1:1: column 'a' stands twice"),
    ],
)
def test_a_table_that_is_none_is_told(folder, content, problem):
    (folder / "t.csv").write_text(content)
    assert expand(folder) == ([], [problem])


def test_a_table_saved_by_a_spreadsheet_is_read(folder):
    (folder / "t.csv").write_bytes('﻿a,b\r\nx,"1,5"\r\n\r\n'.encode())
    assert read_table(folder / "t.csv", "t.csv") == [{"a": "x", "b": "1,5"}]


def test_a_table_that_is_no_text_is_told(folder):
    (folder / "t.csv").write_bytes(b"a\n\xff\n")
    with pytest.raises(SpecError, match="not a text in UTF-8"):
        read_table(folder / "t.csv", "t.csv")


@pytest.mark.parametrize(("word", "column"), [("state_fips", 12), ("02", 27), ("age", 39), ("1", 45)])
def test_a_fault_in_a_filled_text_stands_where_the_row_was_written(folder, word, column):
    """`{fips}` is longer than what fills it, so that all behind it moves."""
    found = document(folder)
    row, places = found.data["targets"][0], Places()
    target, _ = expand_row(row, folder, found, ("targets", 0), Problems())
    places.note("target", "pop.ak", found, ("targets", 0), row, target.line)
    start = places.of("target", "pop.ak", "where")
    moved = Place(start.file, start.line, start.column + target.data["where"].index(word))
    assert places.inside("target", "pop.ak", ("where",), moved) == Place("targets/t.yaml", 5, column)
