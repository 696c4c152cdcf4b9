"""Targets as a sparse system: estimates against brute force, statuses, reach, and means that are met as means."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microplex_spec.calibrate import CalibrationProblem, make_calibrator
from microplex_spec.calibrate.target_matrix import (
    compile_targets,
    domains_of,
    error_units,
    estimates,
    fit_values,
    reachable,
    settled,
)
from microplex_spec.population import Population
from microplex_spec.spec.entities import Entities, Entity
from microplex_spec.spec.errors import SpecError

ENTITIES = Entities(
    {
        "household": Entity(name="household"),
        "tax_unit": Entity(name="tax_unit", within=("household",), roles={"head": "is_head"}),
        "person": Entity(name="person", within=("household", "tax_unit")),
    }
)


def small_population(seed: int, households: int = 12) -> Population:
    """Households with one or two tax units of one to three people; integer amounts, some of them negative or zero."""
    rng = np.random.default_rng(seed)
    home = np.arange(households) * 5 + 3
    unit_home = np.repeat(home, rng.integers(1, 3, households))
    unit = rng.permutation(len(unit_home)) * 7 + 1
    sizes = rng.integers(1, 4, len(unit))
    people = int(sizes.sum())
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    is_head = np.zeros(people, dtype=bool)
    is_head[first] = True
    tables = {
        "household": pd.DataFrame(
            {
                "household_id": home,
                "rent": rng.integers(-2, 4, households).astype(float),
                "state": rng.choice(["01", "02"], households),
                "design_weight": rng.integers(0, 5, households).astype(float),
            }
        ),
        "tax_unit": pd.DataFrame(
            {"tax_unit_id": unit, "household_id": unit_home, "tax": rng.integers(-3, 5, len(unit)).astype(float)}
        ),
        "person": pd.DataFrame(
            {
                "person_id": rng.permutation(people) + 100,
                "household_id": np.repeat(unit_home, sizes),
                "tax_unit_id": np.repeat(unit, sizes),
                "age": rng.integers(0, 90, people).astype(float),
                "wage": rng.integers(-2, 6, people).astype(float),
                "is_head": is_head,
            }
        ),
    }
    return Population(ENTITIES, {name: table.sample(frac=1, random_state=seed) for name, table in tables.items()})


def flat(population: Population, entity: str) -> pd.DataFrame:
    """One row a unit with everything of its groups, what its people add up to, and its head, all by plain pandas."""
    tables, key = population.tables, f"{entity}_id"
    person = tables["person"]
    table = tables[entity].copy()
    if entity == "person":
        units = tables["tax_unit"].drop(columns="household_id")
        table = table.merge(units, on="tax_unit_id", how="left", validate="m:1")
    else:
        grouped = person.groupby(key)
        heads = person[person["is_head"]].groupby("tax_unit_id")["age"].first().rename("head_age")
        table = table.merge(grouped["wage"].sum().rename("wages").reset_index(), on=key, how="left")
        table = table.merge(grouped["age"].max().rename("oldest").reset_index(), on=key, how="left")
        children = person.assign(child=person["age"] < 18).groupby(key)["child"].sum().rename("children")
        table = table.merge(children.reset_index(), on=key, how="left")
        if entity == "tax_unit":
            table = table.merge(heads.reset_index(), on="tax_unit_id", how="left")
    if entity != "household":
        table = table.merge(tables["household"], on="household_id", how="left", validate="m:1")
    return table


# Per entity: (predicate, the same over the flat table).
WHERE = {
    "household": [
        ("", lambda t: t["rent"] == t["rent"]),
        ("state == '02'", lambda t: t["state"] == "02"),
        ("any(age >= 65)", lambda t: t["oldest"] >= 65),
        ("count(age < 18) >= 2 or rent < 0", lambda t: (t["children"] >= 2) | (t["rent"] < 0)),
    ],
    "tax_unit": [
        ("", lambda t: t["tax"] == t["tax"]),
        ("sum(wage) > 0 and state == '01'", lambda t: (t["wages"] > 0) & (t["state"] == "01")),
        ("head.age >= 40", lambda t: t["head_age"] >= 40),
        ("not any(age >= 65)", lambda t: ~(t["oldest"] >= 65)),
    ],
    "person": [
        ("", lambda t: t["age"] == t["age"]),
        ("age < 18", lambda t: t["age"] < 18),
        ("20 <= age < 60 and tax > 0", lambda t: (t["age"] >= 20) & (t["age"] < 60) & (t["tax"] > 0)),
        ("state in ('02', '03') and rent != 0", lambda t: (t["state"] == "02") & (t["rent"] != 0)),
    ],
}
# Per entity: (measure, its values over the flat table; None for a count).
MEASURES = {
    "household": [
        ("count()", None),
        ("sum(rent)", lambda t: t["rent"]),
        ("mean(sum(wage))", lambda t: t["wages"]),
        ("share(any(age >= 65))", lambda t: t["oldest"] >= 65),
    ],
    "tax_unit": [
        ("count()", None),
        ("sum(tax * 2 + rent)", lambda t: t["tax"] * 2 + t["rent"]),
        ("mean(tax)", lambda t: t["tax"]),
        ("share(sum(wage) > tax)", lambda t: t["wages"] > t["tax"]),
    ],
    "person": [
        ("count()", None),
        ("sum(wage)", lambda t: t["wage"]),
        ("mean(wage)", lambda t: t["wage"]),
        ("share(wage > 0)", lambda t: t["wage"] > 0),
    ],
}
CASES = [
    (entity, where, measure)
    for entity in ENTITIES
    for where, measure in itertools.product(WHERE[entity], MEASURES[entity])
]


def row(name: str = "t", measure: str = "count()", of: str = "person", value: float = 1.0, **more) -> dict:
    return {"id": name, "measure": measure, "of": of, "where": "", "value": value, "role": "fit", **more}


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_estimates_equal_what_pandas_counts_sums_and_averages_for_every_entity(seed):
    population = small_population(seed)
    rows = [
        row(f"t{index}", measure, entity, 0.5, where=where)
        for index, (entity, (where, _), (measure, _)) in enumerate(CASES)
    ]
    system = compile_targets(population, rows, 1, 0.05)
    weights = np.random.default_rng(seed).random(population.size("household")) * 10
    by_home = pd.Series(weights, index=population.column("household_id"))
    expected = []
    for entity, (_, chosen), (measure, values) in CASES:
        table = flat(population, entity)
        table = table[chosen(table).to_numpy(dtype=bool)]
        w = by_home[table["household_id"]].to_numpy()
        x = np.ones(len(table)) if values is None else values(table).to_numpy(dtype=float)
        ratio = measure.startswith(("mean", "share"))
        expected.append((w @ x) / w.sum() if ratio and len(table) else np.nan if ratio else w @ x)
    np.testing.assert_allclose(system.estimates(weights), expected, rtol=1e-6, atol=1e-6)
    assert system.ledger["id"].tolist() == [r["id"] for r in rows]


# Each entity's own number, and where an entity stands among the others: what is above it reaches it by itself.
NUMBERS = {"household": "rent", "tax_unit": "tax", "person": "wage"}
ABOVE = {"household": 0, "tax_unit": 1, "person": 2}
QUANTIFIED = {
    "any({0} > 0)": lambda grouped: grouped.max() > 0,
    "all({0} >= 0)": lambda grouped: grouped.min() >= 0,
    "sum({0}) > 1": lambda grouped: grouped.sum() > 1,
    "mean({0}) > 1": lambda grouped: grouped.mean() > 1,
    "max_of({0}) < 3": lambda grouped: grouped.max() < 3,
    "min_of({0}) < 0": lambda grouped: grouped.min() < 0,
    "count({0} > 0) >= 2": lambda grouped: grouped.apply(lambda x: (x > 0).sum()) >= 2,
}


def seen_from(population: Population, entity: str, other: str) -> pd.Series | pd.core.groupby.SeriesGroupBy:
    """The number of `other` on the rows of `entity`; where it stands below, grouped by the entity's rows."""
    tables = population.tables
    rows, column = tables[entity].reset_index(drop=True), NUMBERS[other]
    if ABOVE[other] > ABOVE[entity]:
        key = f"{entity}_id"
        place = tables[other][key].map(dict(zip(rows[key], range(len(rows)), strict=True)))
        return tables[other][column].groupby(place.to_numpy())
    if other == entity:
        return rows[column]
    return rows[f"{other}_id"].map(tables[other].set_index(f"{other}_id")[column])


def predicates(population: Population, entity: str, other: str) -> dict[str, pd.Series]:
    """Texts of predicates at `entity` on the number of `other`, and what pandas finds on its rows, in their order."""
    found = seen_from(population, entity, other)
    if isinstance(found, pd.Series):
        return {f"{NUMBERS[other]} > 0": found > 0}
    return {text.format(NUMBERS[other]): by(found).sort_index() for text, by in QUANTIFIED.items()}


def measures(population: Population, entity: str, other: str) -> dict[str, pd.Series | None]:
    found = seen_from(population, entity, other)
    number = NUMBERS[other] if isinstance(found, pd.Series) else f"sum({NUMBERS[other]})"
    values = found if isinstance(found, pd.Series) else found.sum().sort_index()
    of_share = {f"share({text})": held for text, held in predicates(population, entity, other).items()}
    return {"count()": None, f"sum({number})": values, f"mean({number})": values, **of_share}


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_measure_of_every_entity_under_predicates_on_every_other_is_what_pandas_finds(seed):
    population = small_population(seed)
    weights = np.random.default_rng(seed).random(population.size("household")) * 10
    by_home = pd.Series(weights, index=population.column("household_id"))
    rows, expected = [], []
    for entity, of_value, of_where in itertools.product(ENTITIES, repeat=3):
        w = by_home[population.tables[entity]["household_id"]].to_numpy()
        for where, chosen in predicates(population, entity, of_where).items():
            for measure, values in measures(population, entity, of_value).items():
                rows.append(row(f"t{len(rows)}", measure, entity, 0.5, where=where))
                held = w * chosen.to_numpy(dtype=bool)
                total = held.sum() if values is None else (held * values.to_numpy(dtype=float)).sum()
                ratio = measure.startswith(("mean", "share"))
                expected.append(total if not ratio else total / held.sum() if chosen.any() else np.nan)
    system = compile_targets(population, rows, 1, 0.05)
    np.testing.assert_allclose(system.estimates(weights), expected, rtol=1e-6, atol=1e-6)
    assert len(rows) > 300


def test_the_matrix_is_sparse_and_has_one_row_a_household():
    population = small_population(1)
    system = compile_targets(population, [row(where="age >= 65"), row("m", "mean(wage)")], 1, 0.05)
    assert system.matrix.shape == (population.size("household"), 4)
    assert system.matrix.dtype == np.float32
    holders = population.aggregate(population.column("age") >= 65, "person", "household", "sum")
    np.testing.assert_array_equal(system.matrix[:, [0]].toarray().ravel(), holders)


def test_statuses_say_which_targets_are_fitted_and_why_the_others_are_not():
    population = small_population(2)
    oldest = population.column("age").max()
    rows = [
        row("fits"),
        row("nobody", where="age > 200"),
        row("rare", where=f"age == {oldest:.0f}"),
        row("aside", role="holdout"),
        row("watched", role="monitor"),
        row("left_out", exclude="excluded by A. Analyst: superseded", role="fit"),
        row("nobody_held_out", where="age > 200", role="holdout"),
    ]
    ledger = compile_targets(population, rows, 4, 0.05).ledger.set_index("id")
    assert ledger["status"].to_dict() == {
        "fits": "fitted",
        "nobody": "unsupported",
        "rare": "unsupported",
        "aside": "holdout",
        "watched": "monitor",
        "left_out": "excluded",
        "nobody_held_out": "unsupported",
    }
    assert ledger.loc["nobody", "reason"] == "no record of positive weight contributes"
    assert "fewer than 4" in ledger.loc["rare", "reason"]
    assert ledger.loc["left_out", "reason"] == "excluded by A. Analyst: superseded"


def test_records_of_weight_zero_support_nothing():
    population = small_population(2, households=30)
    rent = population.column("rent")
    weights = np.where(rent == 3, 0.0, 2.0)
    population = population.with_columns("household", {"design_weight": weights})
    rows = [row("all", of="household"), row("dear", of="household", where="rent == 3")]
    least = np.count_nonzero(weights) + 1
    ledger = compile_targets(population, rows, least, 0.05).ledger
    assert (rent == 3).any() and ledger["support"].tolist() == [least - 1, 0]
    assert ledger["reason"][0] == f"{least - 1} households contribute, fewer than {least}"
    assert ledger["status"][1] == "unsupported" and "positive weight" in ledger["reason"][1]


def test_a_tolerance_is_the_declared_one_else_the_standard_error_else_the_specs():
    rows = [
        row("own", value=200.0, tolerance=0.01, se=50.0),
        row("se", value=-200.0, se=10.0),
        row("none", value=200.0),
        row("se_of_zero", value=0.0, se=10.0),
    ]
    ledger = compile_targets(small_population(3), rows, 1, 0.07).ledger
    assert ledger["tolerance"].tolist() == [0.01, 0.05, 0.07, 0.07]


def test_missing_values_are_an_error_that_names_the_targets_and_counts_them():
    population = small_population(4)
    wages = population.column("wage").copy()
    wages[:3] = np.nan
    broken = population.with_columns("person", {"wage": wages})
    rows = [row("a", "sum(wage)"), row("b", "mean(wage)"), row("c", "share(wage > 0)"), row("d")]
    with pytest.raises(SpecError) as caught:
        compile_targets(broken, rows, 1, 0.05)
    told = [str(problem) for problem in caught.value.problems]
    assert told == [f"target {name!r}: 3 of its values are missing or infinite" for name in ("a", "b")]


def test_missing_values_outside_the_domain_of_a_target_do_no_harm():
    population = small_population(4)
    wages = np.where(population.column("age") < 18, np.nan, population.column("wage"))
    system = compile_targets(
        population.with_columns("person", {"wage": wages}), [row("a", "sum(wage)", where="age >= 18")], 1, 0.05
    )
    assert np.isfinite(system.estimates(population.weights())).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), low=st.floats(0, 0.9), high=st.floats(1.1, 20))
def test_the_reach_of_a_target_is_what_the_worst_ratios_give(seed, low, high):
    population = small_population(seed, households=5)
    rows = [row("c"), row("s", "sum(wage)"), row("m", "mean(wage)", value=1.0), row("r", "sum(rent)", "household")]
    system = compile_targets(population, rows, 1, 0.05)
    initial = population.weights()
    least, most = reachable(system.matrix, system.ledger, initial, (low, high))
    columns = system.matrix.toarray().astype(float)[:, system.ledger["fit"]]
    ends = np.array(
        [(np.array(ratios) * initial) @ columns for ratios in itertools.product((low, high), repeat=len(initial))]
    )
    np.testing.assert_allclose(least, ends.min(axis=0), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(most, ends.max(axis=0), rtol=1e-9, atol=1e-9)


def test_without_an_upper_bound_the_reach_is_infinite_only_where_a_value_of_that_sign_is():
    population = small_population(6)
    rows = [row("up", "sum(wage)", where="wage > 0"), row("down", "sum(wage)", where="wage < 0")]
    system = compile_targets(population, rows, 1, 0.05)
    least, most = reachable(system.matrix, system.ledger, population.weights() + 1, (0.0, np.inf))
    assert least.tolist() == [0.0, -np.inf]
    assert most.tolist() == [np.inf, 0.0]


@pytest.mark.parametrize(("measure", "value"), [("mean(wage)", 2.3), ("share(age >= 65)", 0.31)])
def test_a_mean_is_fitted_as_a_mean_and_not_as_a_sum(measure, value):
    population = small_population(7, households=60)
    initial = population.weights() + 1
    rows = [row("ratio", measure, value=value, tolerance=1e-6), row("count", value=500.0, tolerance=1e-6)]
    system = compile_targets(population, rows, 1, 0.05)
    fit = system.matrix[:, system.ledger["fit"]]
    problem = CalibrationProblem(fit, fit_values(system.ledger), initial, names=["ratio", "count"])
    solved = make_calibrator("entropy", softness=0.0).solve(problem)
    assert solved.converged, solved.reason
    np.testing.assert_allclose(system.estimates(solved.weights), [value, 500.0], rtol=1e-5)


def test_the_tolerance_of_a_share_is_a_part_of_the_share():
    population = small_population(8, households=200)
    initial = population.weights() + 1
    share = compile_targets(population, [row("s", "share(age >= 80)")], 1, 0.05).estimates(initial)[0]
    value = share / 1.02
    system = compile_targets(population, [row("s", "share(age >= 80)", value=value)], 1, 0.0201)
    ledger = settled(system.matrix, system.ledger, initial)
    allowed = 0.0201 * error_units(system.matrix, ledger, initial)
    fit = system.matrix[:, system.ledger["fit"]]
    for factor, inside in ((1.0, True), (0.9, False)):
        problem = CalibrationProblem(
            fit,
            fit_values(ledger),
            initial,
            tolerance=0.0201 * factor,
            relative_to=ledger["scale"].to_numpy(),
            domains=domains_of(system.matrix, ledger),
        )
        assert problem.judge(initial, ended="left").converged is inside
    people = population.aggregate(np.ones(population.size("person")), "person", "household", "sum")
    np.testing.assert_allclose(allowed, 0.0201 * value * (people @ initial), rtol=1e-6)


def test_a_mean_is_judged_by_the_weight_that_its_domain_has_in_the_end():
    """Half of the weight of the domain is taken away, and its mean stays as far from the target as it was."""
    population = small_population(10, households=200)
    initial = population.weights() + 1
    mean = compile_targets(population, [row("m", "mean(wage)")], 1, 0.05).estimates(initial)[0]
    system = compile_targets(population, [row("m", "mean(wage)", value=mean / 1.1)], 1, 0.05)
    ledger = settled(system.matrix, system.ledger, initial)
    problem = CalibrationProblem(
        system.matrix[:, ledger["fit"]],
        fit_values(ledger),
        initial,
        tolerance=0.05,
        relative_to=ledger["scale"].to_numpy(),
        domains=domains_of(system.matrix, ledger),
    )
    for factor in (1.0, 0.5, 3.0):
        judged = problem.judge(initial * factor, ended="left")
        assert judged.relative_errors == pytest.approx([0.1], rel=1e-6) and not judged.converged
    assert problem.judge(0 * initial, ended="left").relative_errors == [-1.0]


def test_the_standard_error_of_a_target_of_zero_is_its_tolerance_by_the_gross_total():
    population = small_population(11, households=200)
    initial = population.weights() + 1
    rows = [row("total", "sum(wage)", value=0.0, se=50.0), row("mean", "mean(wage)", value=0.0, se=2.0)]
    system = compile_targets(population, [*rows, row("plain", "sum(wage)", value=0.0)], 1, 0.05)
    ledger = settled(system.matrix, system.ledger, initial)
    wages = np.abs(population.aggregate(population.column("wage"), "person", "household", "sum")) @ initial
    people = population.aggregate(np.ones(population.size("person")), "person", "household", "sum") @ initial
    np.testing.assert_allclose(ledger["scale"], [wages, wages / people, wages], rtol=1e-6)
    np.testing.assert_allclose(ledger["tolerance"], [50.0 / wages, 2.0 * people / wages, 0.05], rtol=1e-6)


def test_an_empty_domain_gives_no_mean_and_no_target_gives_an_empty_system():
    population = small_population(9)
    system = compile_targets(population, [row("m", "mean(wage)", where="age > 200")], 1, 0.05)
    assert np.isnan(system.estimates(population.weights())).all()
    none = compile_targets(population, [], 1, 0.05)
    assert estimates(none.matrix, none.ledger, population.weights()).shape == (0,)
