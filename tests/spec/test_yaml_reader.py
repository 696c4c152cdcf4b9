"""Reading YAML 1.2 with positions: values, where they stand, and refusals that are never a crash."""

import contextlib
import math
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.yaml_reader import Document, read_yaml

examples = settings(deadline=None, max_examples=300)

words = st.text("abcdefgh_", min_size=1, max_size=8)
scalars = st.one_of(
    words.map(lambda word: (word, word)),
    words.map(lambda word: (f"'{word} x'", f"{word} x")),
    st.integers(-(10**12), 10**12).map(lambda number: (str(number), number)),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda number: (f"{number!r}", number)),
    st.sampled_from([("true", True), ("False", False), ("null", None), ("~", None), ("NO", "NO"), ("12:30", "12:30")]),
)
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3), st.dictionaries(words, inner, min_size=1, max_size=3)
    ),
    max_leaves=12,
)


def read(text: str, folder: Path) -> Document:
    path = folder / "x.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    return read_yaml(path, "x.yaml")


def block(tree, indent: int = 0) -> str:
    """A tree as block YAML; scalars are pairs of their text and their value."""
    pad = "  " * indent
    if isinstance(tree, tuple):
        return f" {tree[0]}\n"
    items = [("-", item) for item in tree] if isinstance(tree, list) else [(f"{k}:", v) for k, v in tree.items()]
    return "\n" + "".join(f"{pad}{head}{block(inner, indent + 1)}" for head, inner in items)


def flow(tree) -> str:
    """The same as flow YAML."""
    if isinstance(tree, tuple):
        return tree[0]
    if isinstance(tree, list):
        return f"[{', '.join(map(flow, tree))}]"
    return f"{{{', '.join(f'{key}: {flow(inner)}' for key, inner in tree.items())}}}"


def value(tree):
    if isinstance(tree, tuple):
        return tree[1]
    if isinstance(tree, list):
        return tuple(map(value, tree))
    return {key: value(inner) for key, inner in tree.items()}


def leaves(tree, path=()):
    """(path, text as written) of every scalar, and (path, None) of every key."""
    if isinstance(tree, tuple):
        yield path, tree[0]
    for key, inner in enumerate(tree) if isinstance(tree, list) else tree.items() if isinstance(tree, dict) else ():
        yield from leaves(inner, (*path, key))


@examples
@given(tree=trees, write=st.sampled_from([block, flow]))
def test_every_key_and_value_stands_where_its_place_says(tmp_path_factory, tree, write):
    text = write(tree).lstrip()
    document = read(text, tmp_path_factory.mktemp("yaml"))
    assert document.data == value(tree)
    lines = text.split("\n")

    def rest(place) -> str:
        return lines[place.line - 1][place.column - 1 :]

    for path, written in leaves(tree):
        assert rest(document.place(*path)).startswith(written.strip("'"))
        if path and isinstance(path[-1], str):
            assert rest(document.place(*path, key=True)).startswith(f"{path[-1]}:")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0x1F", 31),
        ("0o17", 15),
        ("-12", -12),
        ("0", 0),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", -math.inf),
        (".INF", math.inf),
        ("TRUE", True),
        ("yes", "yes"),
        ("off", "off"),
        ("NO", "NO"),
        ("n", "n"),
        ("Null", None),
        ("", None),
        ("'5'", "5"),
        ('"06"', "06"),
        ("2025-06-13", "2025-06-13"),
        ("12:30:45", "12:30:45"),
        ("0.5", 0.5),
        ("1.2.3", "1.2.3"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(tmp_path, text, wanted):
    found = read(f"a: {text}", tmp_path).data["a"]
    assert found == wanted
    assert type(found) is type(wanted)


def test_not_a_number_is_read(tmp_path):
    assert math.isnan(read("a: .nan", tmp_path).data["a"])


@pytest.mark.parametrize("code", ["06", "007", "-08", "00"])
def test_an_unquoted_code_is_refused_with_the_remedy(tmp_path, code):
    with pytest.raises(SpecError) as caught:
        read(f"state:\n  fips: {code}\n", tmp_path)
    assert str(caught.value) == f"x.yaml:2:9: {code} would lose its leading zero (quote it: '{code}')"


def test_every_fault_of_a_file_is_told(tmp_path):
    with pytest.raises(SpecError) as caught:
        read("a: 06\nb: 1\nb: 2\nc: !money 5\n? [x]\n: 1\n", tmp_path)
    assert [str(problem) for problem in caught.value.problems] == [
        "x.yaml:1:4: 06 would lose its leading zero (quote it: '06')",
        "x.yaml:3:1: key 'b' stands here twice (first at x.yaml:2:1)",
        "x.yaml:4:4: tags such as !money are not used here (take it out)",
        "x.yaml:5:3: a key must be a plain text",
    ]


def test_an_alias_gives_what_its_anchor_holds(tmp_path):
    assert read("a: &x [1, 2]\nb: *x\n", tmp_path).data == {"a": (1, 2), "b": (1, 2)}


def test_an_alias_of_itself_is_refused(tmp_path):
    with pytest.raises(SpecError, match=r"x\.yaml:1:4: an alias must not stand inside what it stands for"):
        read("a: &x [*x]\n", tmp_path)


def test_a_declared_yaml_1_1_does_not_turn_no_into_false(tmp_path):
    assert read("%YAML 1.1\n---\na: NO\n", tmp_path).data == {"a": "NO"}


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ("a: b: c", "1:5", "quote a text that holds ': '"),
        ("a:\n\tb: 1", "2:1", "indent by spaces"),
        ("- a\nb: c", "2:1", "check the indentation"),
        ("a: 'x", "1:6", "a quote or bracket is not closed"),
    ],
)
def test_common_slips_of_syntax_come_with_a_remedy(tmp_path, text, place, remedy):
    with pytest.raises(SpecError) as caught:
        read(text, tmp_path)
    assert str(caught.value).startswith(f"x.yaml:{place}: not valid YAML: ")
    assert remedy in str(caught.value)


def test_what_is_not_written_stands_at_the_nearest_key_above(tmp_path):
    document = read("a:\n  b: {c: 1}\n", tmp_path)
    assert str(document.place("a", "b", "d")) == "x.yaml:2:3"
    assert str(document.place("a", "x", "y")) == "x.yaml:1:1"


def test_a_quoted_text_stands_after_its_quote(tmp_path):
    assert str(read('a: "bc"\n', tmp_path).place("a")) == "x.yaml:1:5"


def test_what_a_row_inherits_stands_where_it_was_written(tmp_path):
    document = read("defaults: {of: person}\nrows:\n  - {id: a}\n  - {id: b, of: unit}\n", tmp_path)
    document.inherit(("defaults",), [("rows", 0), ("rows", 1)])
    assert str(document.place("rows", 0, "of")) == "x.yaml:1:16"
    assert str(document.place("rows", 1, "of")) == "x.yaml:4:17"
    assert str(document.place("rows", 0)) == "x.yaml:3:5"


@examples
@given(text=st.text(max_size=60))
@example("a: &x [*x]")
@example("[" * 600)
@example("%YAML 1.1\n---\na: NO")
@example("!!int x")
@example("a: !<tag:yaml.org,2002:float> x")
@example("%TAG ! !\n---\n!x")
@example("\x00")
@example("﻿a: 1")
@example("? a\n? b")
@example("<<: [1]")
@example("--- a\n--- b")
def test_no_text_makes_the_reader_crash(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("yaml")
    with contextlib.suppress(SpecError, UnicodeEncodeError):
        read(text, folder)


@examples
@given(text=st.text("abc:-[]{}!&*#|>'\"%@`,?<= \n\t06.~\\", max_size=40))
def test_no_punctuation_makes_the_reader_crash(tmp_path_factory, text):
    with contextlib.suppress(SpecError):
        read(text, tmp_path_factory.mktemp("yaml"))


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: \xff\xfe")
    with pytest.raises(SpecError, match=r"x\.yaml: not a text in UTF-8"):
        read_yaml(path, "x.yaml")


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(SpecError, match=r"no such file: x\.yaml"):
        read_yaml(tmp_path / "x.yaml", "x.yaml")
