"""Faults that only the data show: told at plan time, where the source is declared, with nothing written."""

import pytest

from microplex_spec.cli import main


def household_weights(small, change):
    """Rewrite the weights of the survey's households, line by line."""
    path = next(small.root.rglob("survey_household.csv"))
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    at = header.split(",").index("design_weight")
    rows = [line.split(",") for line in lines]
    for number, row in enumerate(rows):
        row[at] = change(number, row[at])
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda number, weight: "-5" if number == 0 else weight, ": negative weights in design_weight"),
        (lambda number, weight: "" if number == 0 else weight, ": missing weights in design_weight"),
        (lambda number, weight: "inf" if number == 0 else weight, ": infinite weights in design_weight"),
        (lambda number, weight: "0", "no household has a weight above zero"),
    ],
    ids=["negative", "missing", "infinite", "all zero"],
)
def test_unusable_weights_are_told_where_the_source_is_declared(small_project, capsys, change, told):
    household_weights(small_project, change)
    before = sorted(path for path in small_project.root.rglob("*") if "runs" not in path.parts)
    assert main(["plan", "--project", str(small_project.root), "spec=small", "scale=full"]) == 2
    error = capsys.readouterr().err
    assert "conf/specs/small/sources.yaml:" in error and told in error
    assert sorted(path for path in small_project.root.rglob("*") if "runs" not in path.parts) == before


def as_latin_1(text):
    """The third line with a letter more that is no UTF-8."""
    lines = text.splitlines(keepends=True)
    return "".join([*lines[:2], "\xe9" + lines[2], *lines[3:]]).encode("latin-1")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (as_latin_1, "survey_household.csv:3:1: byte 0xe9 is no UTF-8"),
        (lambda text: text.replace(",", ";").encode(), "separated by semicolons, not by commas"),
    ],
    ids=["Latin-1", "semicolons"],
)
def test_a_file_of_another_encoding_or_separator_is_told_where_the_source_is_declared(
    small_project, capsys, change, told
):
    path = next(small_project.root.rglob("survey_household.csv"))
    path.write_bytes(change(path.read_text(encoding="utf-8")))
    assert main(["validate", "--project", str(small_project.root), "spec=small"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("conf/specs/small/sources.yaml:") and told in error
