"""YAML written by hand: scalars read back as themselves, and a row more changes nothing else of a file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.yaml_reader import read_yaml
from microplex_spec.spec.yaml_text import append_row, yaml_number, yaml_text

TARGETS = sorted((Path(__file__).parents[2] / "targets").rglob("*.yaml"))
ROW = {"id": "a.b", "value": "3", "source": {"agency": "X", "title": '"A: b"'}}
DATA = {"id": "a.b", "value": 3, "source": {"agency": "X", "title": "A: b"}}


def read(text: str):
    return read_yaml(Path("x.yaml"), "x.yaml", text).data


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
def test_a_text_reads_back_as_itself_in_blocks_and_brackets(value):
    written = yaml_text(value)
    assert read(f"a: {written}\nb: [{written}, {{c: {written}}}]\n") == {"a": value, "b": (value, {"c": value})}


@pytest.mark.parametrize(
    "value", ["06", "1.4", "true", "null", "- a", "a: b", "a #b", "", "[x]", "12:30", "NO", "x, y"]
)
def test_texts_that_look_like_something_else_stay_texts(value):
    assert read(f"a: {yaml_text(value)}") == {"a": value}


@pytest.mark.parametrize(
    ("typed", "value"), [("12", 12), ("-1.5", -1.5), ("1e6", 1e6), ("12,5", "12,5"), ("007", "007")]
)
def test_numbers_stay_numbers_and_others_are_left_to_the_reader(typed, value):
    assert read(f"a: {yaml_number(typed)}") == {"a": value}


@pytest.mark.parametrize("path", TARGETS, ids=lambda path: path.name)
def test_a_row_more_leaves_every_byte_of_a_file_as_it_was(path):
    text = path.read_text(encoding="utf-8")
    made = append_row(text, "targets", ROW, path.name)
    before, after = read(text), read(made.text)
    assert after == {**before, "targets": (*before["targets"], DATA)}
    assert made.text.startswith(text)


FILES = {
    "": "",
    "comments alone": "# nothing yet\n",
    "no key": "source: {agency: A}\n",
    "an empty list": "# before\ntargets: []  # none yet\n# after\n",
    "nothing under the key": "targets:\n",
    "no end of line": "targets:\n  - id: x",
    "no indent": "targets:\n- id: x\n  value: 1\n",
    "wide indent": "targets:\n    - id: x\n      source:\n          agency: A  # of it\n\n# after\n",
    "a folded text last": "targets:\n  - id: x\n    notes: >-\n      a\n      b\n\n\nsource: {agency: A}\n",
    "another key after": "targets:\n  - id: x\n\n  - id: y\n\ndefaults: {of: person}\n",
    "other line ends": "targets:\r\n  - id: x\r\n    value: 1\r\n",
}


@pytest.mark.parametrize("what", FILES)
def test_rows_are_added_to_files_of_any_form(what):
    text = FILES[what]
    made = append_row(text, "targets", ROW, "x.yaml").text
    before = read(text) or {}
    assert read(made) == {**before, "targets": (*(before.get("targets") or ()), DATA)}
    for comment in ("# before", "# none yet", "# after", "# of it", "# nothing yet"):
        assert (comment in made) == (comment in text)
    assert ("\r\n" in made) == ("\r\n" in text) and made.count("\r\n") in (0, made.count("\n"))


@pytest.mark.parametrize("text", ["targets: [{id: x}]\n", "targets: {id: x}\n", "targets: x\n", "- id: x\n", "a: [\n"])
def test_a_file_that_lists_no_rows_is_refused(text):
    with pytest.raises(SpecError):
        append_row(text, "targets", ROW, "x.yaml")
