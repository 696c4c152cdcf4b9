"""The one form of a predicate: what selects the same rows is equal, what does not is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microplex_spec.spec.domains import Codes, ColumnFacts, Domain, Range, domain_of
from microplex_spec.spec.expression import parse

FACTS = {
    "age": ColumnFacts(whole=True, least=0, most=115),
    "agi": ColumnFacts(most=1e12),
    "children": ColumnFacts(whole=True, least=0),
    "years": ColumnFacts(whole=True, least=0, complete=True),
    "area": ColumnFacts(codes=3, complete=True),
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
        ("blind != True", "not blind"),
        ("not years < 18", "years >= 18"),
        ("not (years >= 18)", "years < 18"),
        ("not years == 18", "years != 18"),
        ("not (years < 18 or years >= 65)", "between(years, 18, 64)"),
        ("not between(years, 18, 64)", "years < 18 or years >= 65"),
        ("not 18 <= years < 65", "years < 18 or years > 64"),
        ("not (years >= 18 and area == 'a')", "area != 'a' or years < 18"),
        ("not area == 'a' and not area in ['b']", "area not in ['a', 'b']"),
        ("not not age < 18", "age < 18"),
        ("not (age < 5 or not blind)", "blind and not age < 5"),
        ("blind or not (years < 5 and dogs)", "blind or years >= 5 or not dogs"),
        ("not any(age < 5) and not count(age < 5) > 1", "count(age < 5) <= 1 and any(age < 5) == False"),
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
        # Who has no age is not below 5, and not 5 or more.
        ("not (age < 5)", "age >= 5"),
        ("not state == '06'", "state != '06'"),
        ("not head.years < 18", "head.years >= 18"),
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


PREDICATES = st.recursive(
    st.sampled_from(["years < 2", "years == 3", "between(years, 1, 4)", "1 <= years < 5", "flag", "years in [0, 4]"]),
    lambda inner: st.one_of(
        inner.map(lambda one: f"not ({one})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda three: "({}) {} ({})".format(*three)),
    ),
    max_leaves=6,
)


def selects(domain: Domain, row: dict) -> bool:
    """Whether a row lies in a domain of limits, and of `or` or a number that is not held, which stand whole."""
    for column, limit in domain.limits:
        value = row[column]
        inside = holds(limit, value) if isinstance(limit, Range) else (value in limit.values) != limit.others
        if not inside:
            return False
    return all(selects_whole(item, row) for item in domain.rest)


def selects_whole(item, row: dict) -> bool:
    if item[0] == "or":
        return any(selects(domain, row) for domain in item[1])
    if isinstance(item[1], Range | Codes):
        return selects(Domain((item,)), row)
    column, operator, value = item
    return row[column] not in value if operator == "not in" else row[column] != value


@given(PREDICATES)
def test_a_domain_with_negations_holds_the_rows_for_which_the_predicate_is_true(text):
    domain = form(text)
    for row in ({"years": float(years), "flag": flag} for years in range(7) for flag in (True, False)):
        names = {**row, "between": lambda value, low, high: low <= value <= high}
        assert selects(domain, row) == eval(text, names), (text, row)
