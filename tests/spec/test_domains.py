"""The one form of a predicate: what selects the same rows is equal, what does not is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microplex_spec.spec.domains import ColumnFacts, Domain, Range, domain_of
from microplex_spec.spec.expression import parse

FACTS = {
    "age": ColumnFacts(whole=True, least=0, most=115),
    "agi": ColumnFacts(most=1e12),
    "children": ColumnFacts(whole=True, least=0),
}


def form(text: str) -> Domain:
    return domain_of(parse(text), FACTS)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("age >= 5 and age <= 9", "between(age, 5, 9)"),
        ("age >= 5 and age <= 9", "age < 10 and 5 <= age"),
        ("age >= 5 and age <= 9", "4 < age < 10"),
        ("age >= 5 and age <= 9", "age in [9, 5, 7, 6, 8]"),
        ("age >= 0 and age <= 4", "age < 5"),
        ("age >= 85 and age <= 120", "age > 84"),
        ("age == 5", "age > 4.5 and age < 5.5"),
        ("state == '06' and blind", "blind and state in ['06']"),
        ("state == '06' or state == '48'", "state in ['48', '06']"),
        ("age < 5 or age >= 5 and age < 10", "age < 10"),
        ("state != '06' and state != '48'", "state not in ['06', '48']"),
        ("state in ['06', '48'] and state != '06'", "'48' == state"),
        ("agi >= -1000000000000000 and agi < 5", "agi < 5"),
        ("True and blind", "blind"),
        ("not (blind and age < 5)", "not (age <= 4 and blind)"),
        ("wage > rent", "rent < wage"),
        ("count(age < 18) >= 2", "count(age < 18) > 1"),
        ("blind == True", "blind"),
    ],
)
def test_ways_of_writing_one_domain_have_one_form(one, other):
    assert form(one) == form(other)
    assert hash(form(one)) == hash(form(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("agi >= 5", "agi > 5"),
        ("agi >= 5 and agi <= 9", "agi >= 5 and agi < 10"),
        ("age < 5", "age <= 5"),
        ("state == '06'", "state == '6'"),
        ("blind", "not blind"),
        ("not (age < 5)", "age >= 5"),
        ("head.age >= 0", "True"),
        ("age < 5 or blind", "age < 5 and blind"),
        ("wage > rent", "rent > wage"),
        ("any(age < 5)", "all(age < 5)"),
    ],
)
def test_domains_that_differ_have_different_forms(one, other):
    assert form(one) != form(other)


def test_bounds_on_whole_numbers_are_half_open_intervals_between_them():
    assert form("age >= 5 and age <= 9") == Domain((("age", Range((5.0, 0), (10.0, 0))),))
    assert domain_of(None, FACTS) == form("age >= 0 and age < 200") == Domain()


def holds(limit: Range, value: float) -> bool:
    return limit.low <= (value, 0) < limit.high


LIMITS = st.tuples(st.sampled_from(["<", "<=", ">", ">=", "=="]), st.integers(-4, 14), st.booleans())


@given(st.lists(LIMITS, min_size=1, max_size=4), st.booleans())
def test_a_range_holds_the_values_for_which_the_predicate_is_true(limits, whole):
    column = "children" if whole else "hours"
    texts = [f"{column} {op} {value}" if plain else f"{value} {op} {column}" for op, value, plain in limits]
    found = dict(form(" and ".join(texts)).limits).get(column)
    for value in range(13) if whole else (n / 2 - 5 for n in range(44)):
        wanted = all(eval(text, {column: value}) for text in texts)
        assert wanted == (found is None or holds(found, value))
