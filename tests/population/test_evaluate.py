"""Evaluation agrees with a row-by-row reading of the same expression, at every level."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from population_strategies import CODES, ENTITIES, FLAGS, US_ENTITIES, VALUES, populations, random_tables

from microplex_spec.population import Population, evaluate
from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.expression import parse

examples = settings(deadline=None, max_examples=20)
PAIRS = [(inner, target) for inner in ENTITIES for target in US_ENTITIES[inner].within]
SIDE_BY_SIDE = [("tax_unit", "spm_unit"), ("spm_unit", "tax_unit")]
REDUCE = {
    "any": any,
    "all": all,
    "count": lambda rows: float(sum(rows)),
    "sum": math.fsum,
    "mean": lambda rows: math.fsum(rows) / len(rows) if rows else math.nan,
    "max_of": lambda rows: max(rows, default=math.nan),
    "min_of": lambda rows: min(rows, default=math.nan),
}
PREDICATES = ("any", "all", "count")


def by_brute_force(population: Population, kind: str, inner: str, target: str, values) -> list:
    groups: dict[int, list] = {key: [] for key in population.column(f"{target}_id")}
    for key, value in zip(population.tables[inner][f"{target}_id"], values, strict=True):
        groups[key].append(value)
    return [REDUCE[kind](rows) for rows in groups.values()]


@examples
@given(population=populations())
@pytest.mark.parametrize("kind", REDUCE)
@pytest.mark.parametrize(("inner", "target"), PAIRS)
def test_every_quantifier_agrees_with_brute_force_at_every_pair_of_levels(inner, target, kind, population):
    x = population.column(VALUES[inner])
    predicate = kind in PREDICATES
    found = evaluate(parse(f"{kind}({VALUES[inner]}{' > 1' if predicate else ' * 2'})"), population, target)
    expected = by_brute_force(population, kind, inner, target, x > 1 if predicate else x * 2)
    assert found.dtype == (bool if kind in ("any", "all") else np.float64)
    np.testing.assert_allclose(found, np.array(expected, dtype=float), rtol=1e-12)


@examples
@given(population=populations())
@pytest.mark.parametrize("kind", ["any", "all", "max_of", "min_of"])
@pytest.mark.parametrize(("inner", "target"), SIDE_BY_SIDE)
def test_a_column_of_a_group_beside_is_seen_through_the_shared_members(inner, target, kind, population):
    name = FLAGS[inner] if kind in PREDICATES else VALUES[inner]
    values = dict(zip(population.column(f"{inner}_id"), population.column(name), strict=True))
    seen = [values[key] for key in population.tables["person"][f"{inner}_id"]]
    expected = by_brute_force(population, kind, "person", target, seen)
    found = evaluate(parse(f"{kind}({name})"), population, target)
    np.testing.assert_array_equal(found, np.array(expected, dtype=found.dtype))


@examples
@given(population=populations())
def test_inside_a_quantifier_the_lowest_entity_among_the_names_counts(population):
    found = evaluate(parse("count(is_student and is_joint and is_rural)"), population, "household")
    person = population.tables["person"]
    joint = person["tax_unit_id"].map(population.tables["tax_unit"].set_index("tax_unit_id")["is_joint"])
    rural = person["household_id"].map(population.tables["household"].set_index("household_id")["is_rural"])
    holds = (person["is_student"] & joint & rural).to_numpy(dtype=bool)
    np.testing.assert_array_equal(found, by_brute_force(population, "count", "person", "household", holds))


@examples
@given(population=populations())
def test_a_quantifier_may_stand_inside_another(population):
    found = evaluate(parse("any(count(is_student) >= 2 and is_joint)"), population, "household")
    students = by_brute_force(population, "count", "person", "tax_unit", population.column("is_student"))
    holds = (np.array(students) >= 2) & population.column("is_joint")
    np.testing.assert_array_equal(found, by_brute_force(population, "any", "tax_unit", "household", holds))


numbers: st.SearchStrategy[str] = st.deferred(
    lambda: (
        st.sampled_from(list(VALUES.values()))
        | st.integers(-5, 5).map(str)
        | st.tuples(numbers, st.sampled_from("+-*"), numbers).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | st.tuples(st.sampled_from(["min", "max"]), numbers, numbers).map("{0[0]}({0[1]}, {0[2]})".format)
        | numbers.map(lambda x: f"abs({x})")
        | numbers.map(lambda x: f"(-{x})")
    )
)
relations = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
predicates: st.SearchStrategy[str] = st.deferred(
    lambda: (
        st.sampled_from(list(FLAGS.values()))
        | st.tuples(numbers, relations, numbers).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | st.tuples(numbers, relations, numbers, relations, numbers).map(lambda t: f"({' '.join(t)})")
        | st.tuples(numbers, numbers, numbers).map(lambda t: f"between({', '.join(t)})")
        | st.sampled_from(list(CODES.values())).map(lambda c: f'({c} in ["01", "NO"])')
        | st.sampled_from(list(CODES.values())).map(lambda c: f'({c} not in ["01"])')
        | st.sampled_from(list(CODES.values())).map(lambda c: f'({c} != "02")')
        | numbers.map(lambda x: f"({x} not in (1, 2.0, -3))")
        | st.tuples(predicates, st.sampled_from(["and", "or"]), predicates).map(lambda t: f"({' '.join(t)})")
        | predicates.map(lambda p: f"(not {p})")
    )
)


@examples
@given(population=populations(), text=predicates)
def test_any_predicate_on_a_person_agrees_with_python_row_by_row(population, text):
    rows = population.tables["person"]
    for group in ("household", "tax_unit", "spm_unit"):
        key = f"{group}_id"
        columns = [key, VALUES[group], FLAGS[group], CODES[group]]
        rows = rows.merge(population.tables[group][columns], on=key, how="left")
    between = {"between": lambda x, low, high: low <= x <= high}
    expected = [bool(eval(text, between, row)) for row in rows.to_dict("records")]
    found = evaluate(parse(text), population, "person")
    assert found.dtype == bool
    np.testing.assert_array_equal(found, np.array(expected, dtype=bool))


@pytest.fixture
def population() -> Population:
    tables = random_tables(np.random.default_rng(5), 4)
    tables["household"] = tables["household"].assign(rent=[np.nan, 0.0, 5.0, 6.0], state=[np.nan, "01", "02", "NO"])
    return Population(US_ENTITIES, tables)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rent != 5", [False, True, False, True]),
        ("rent == rent", [False, True, True, True]),
        ("rent != rent", [False, False, False, False]),
        ("not (rent == 5)", [True, True, False, True]),
        ("rent not in [5]", [False, True, False, True]),
        ("rent in [5, 6]", [False, False, True, True]),
        ("not rent >= 0", [True, False, False, False]),
        ("between(rent, 0, 5)", [False, True, True, False]),
        ("0 < rent <= 5", [False, False, True, False]),
        ("0 != rent != 5", [False, False, False, True]),
        ('state != "01"', [False, False, True, True]),
        ('state not in ["01", "02"]', [False, False, False, True]),
        ('state in ("01",)', [False, True, False, False]),
        ("state == state", [False, True, True, True]),
        ("state != state", [False, False, False, False]),
        ("1 / rent > 0", [False, False, True, True]),
        ("rent / rent != 1", [False, False, False, False]),
        ("min(rent, 5) == 5", [False, False, True, True]),
        ("True", [True, True, True, True]),
        ("1 in [1, 2] and not 3 != 3", [True, True, True, True]),
        ("1 / 0 != 2", [False, False, False, False]),
    ],
)
def test_a_missing_value_compares_false_and_negation_is_plain(population, text, expected):
    found = evaluate(parse(text), population, "household")
    assert found.dtype == bool
    assert found.tolist() == expected


def test_division_by_zero_is_missing(population):
    found = evaluate(parse("30 / rent"), population, "household")
    np.testing.assert_array_equal(found, [np.nan, np.nan, 6.0, 5.0])


def test_results_are_bool_float_or_text(population):
    assert evaluate(parse("household_id"), population, "person").dtype == np.float64
    assert evaluate(parse("3"), population, "person").tolist() == [3.0] * population.size("person")
    assert evaluate(parse("state"), population, "household").dtype == object
    assert evaluate(parse('"06"'), population, "household").tolist() == ["06"] * 4


def test_the_column_of_a_role_is_its_holders_at_the_group_below_and_above(population):
    heads = population.of_role(population.column("income"), "head", "tax_unit")
    at_unit = evaluate(parse("head.income > 1"), population, "tax_unit")
    np.testing.assert_array_equal(at_unit, heads > 1)
    at_person = evaluate(parse("head.income > 1"), population, "person")
    np.testing.assert_array_equal(at_person, population.broadcast(heads > 1, "tax_unit", "person"))
    at_household = evaluate(parse("any(head.income > 1)"), population, "household")
    expected = population.aggregate(heads > 1, "tax_unit", "household", "any")
    np.testing.assert_array_equal(at_household, expected)
    rural = evaluate(parse("head.is_rural"), population, "tax_unit")
    np.testing.assert_array_equal(
        rural, population.broadcast(population.column("is_rural"), "household", "tax_unit") & ~np.isnan(heads)
    )


def test_an_engines_variable_is_the_column_of_its_dotted_name(population):
    expression = parse("sum(taxer.tax) > 3", engines={"taxer"})
    with pytest.raises(SpecError, match=r"not computed in this population: taxer\.tax"):
        evaluate(expression, population, "household")
    tax = np.arange(population.size("tax_unit"))
    computed = population.with_columns("tax_unit", {"taxer.tax": tax})
    expected = population.aggregate(tax, "tax_unit", "household", "sum") > 3
    np.testing.assert_array_equal(evaluate(expression, computed, "household"), expected)


def test_whole_numbers_are_computed_without_overflow(population):
    small = population.with_columns("household", {"rooms": np.full(4, 100, dtype=np.int8)})
    assert evaluate(parse("rooms * rooms"), small, "household").tolist() == [10_000.0] * 4


def test_a_person_column_asked_of_a_group_is_refused(population):
    with pytest.raises(SpecError, match="put a quantifier around it: any"):
        evaluate(parse("income > 3"), population, "tax_unit")


def test_text_read_from_categories_compares_like_text(population):
    state = pd.Series(population.column("state")).astype("category")
    tables = {**population.tables, "household": population.tables["household"].assign(state=state)}
    again = Population(US_ENTITIES, tables)
    assert evaluate(parse('state == "NO"'), again, "household").tolist() == [False, False, False, True]
