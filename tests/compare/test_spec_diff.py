"""Differences of two specs: by identity, notes apart, expressions as they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_project import SmallProject

from microplex_spec.compare.declared import declared
from microplex_spec.compare.spec_diff import Change, diff_declared
from microplex_spec.compile.lock import resolved
from microplex_spec.spec.choices import Choices, Scale

CHOICES = Choices(spec="small", scale=Scale(name="full"))


def content(small: SmallProject) -> dict:
    return resolved(small.load(), CHOICES)


def changes(small: SmallProject, edit) -> list[Change]:
    before = declared(content(small))
    edit(small)
    return diff_declared(before, declared(content(small)))


def test_a_spec_does_not_differ_from_itself(small_project):
    assert changes(small_project, lambda small: None) == []


def test_an_edited_value_is_one_change_with_both_values(small_project):
    edit = lambda small: small.edit("variables/made.yaml", "otherwise: 0.5", "otherwise: 0.4")  # noqa: E731
    (change,) = changes(small_project, edit)
    assert (change.object, change.id, change.change) == ("variable", "has_pension_plan", "changed")
    assert (change.field, change.old, change.new) == ("rate.otherwise", 0.5, 0.4)
    assert change.relative == pytest.approx(-0.2)


def test_a_label_is_a_note(small_project):
    (change,) = changes(
        small_project, lambda small: small.edit("variables/observed.yaml", "label: Age", "label: Years")
    )
    assert change.change == "note" and not change.matters


def test_spaces_and_brackets_in_an_expression_are_no_change(small_project):
    edit = lambda small: small.edit("variables/imputed.yaml", "zero_when: age < 16", "zero_when: (age<16)")  # noqa: E731
    assert changes(small_project, edit) == []


def test_another_name_with_the_same_content_is_a_renaming(small_project):
    (change,) = changes(
        small_project,
        lambda small: small.edit("targets/small/income.yaml", "small.elderly.persons", "small.old.persons"),
    )
    assert (change.change, change.old, change.new) == ("renamed", "small.elderly.persons", "small.old.persons")


def rename_everywhere(small: SmallProject, old: str, new: str) -> None:
    files = [file for folder in (small.spec_folder, small.root / "targets") for file in folder.rglob("*.yaml")]
    for file in files:
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_references_to_what_was_renamed_are_told_with_the_renaming(small_project):
    (change,) = changes(small_project, lambda small: rename_everywhere(small, "unit_employment_income", "unit_wages"))
    assert (change.change, change.old, change.new) == ("renamed", "unit_employment_income", "unit_wages")
    assert set(change.references) >= {"variable dividends: predictors", "variable unit_income: derive"}


def test_a_change_beside_a_renaming_is_no_reference_to_it(small_project):
    def edit(small: SmallProject) -> None:
        rename_everywhere(small, "unit_employment_income", "unit_wages")
        small.edit("variables/made.yaml", "unit_wages + sum(self", "unit_wages - sum(self")

    found = changes(small_project, edit)
    assert sorted((row.id, row.change, row.field) for row in found) == [
        ("unit_income", "changed", "derive"),
        ("unit_wages", "renamed", ""),
    ]


def test_what_came_and_what_went_is_told(small_project):
    new = "\nwages_again: {entity: tax_unit, unit: usd, derive: unit_employment_income}\n"
    (change,) = changes(small_project, lambda small: small.append("variables/made.yaml", new))
    assert (change.object, change.id, change.change) == ("variable", "wages_again", "added")


names = st.sampled_from(["a.b", "a.c", "d.e", "f.g"])
objects = st.dictionaries(names, st.dictionaries(st.sampled_from(["value", "tolerance", "label"]), st.integers(1, 3)))


def side(rows: dict) -> dict:
    return {"targets": [{"id": name, **fields} for name, fields in rows.items()]}


@given(objects, objects)
def test_a_difference_backwards_has_the_same_size_and_added_for_removed(first, second):
    there, back = (diff_declared(declared(side(a)), declared(side(b))) for a, b in ((first, second), (second, first)))
    turned = {"added": "removed", "removed": "added"}
    count = lambda rows, turn: sorted((turn.get(row.change, row.change), row.field) for row in rows)  # noqa: E731
    assert count(there, turned) == count(back, {})


@given(objects, st.randoms())
def test_the_order_of_objects_is_no_difference(rows, random):
    shuffled = list(rows.items())
    random.shuffle(shuffled)
    assert diff_declared(declared(side(rows)), declared(side(dict(shuffled)))) == []
