"""The population type: what it refuses, and that moving values between levels loses and invents nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from population_strategies import ENTITIES, US_ENTITIES, VALUES, populations, random_tables

from microplex_spec.population import Population
from microplex_spec.spec.errors import SpecError

examples = settings(deadline=None, max_examples=20)
PAIRS = [(entity, group) for entity in ENTITIES for group in US_ENTITIES[entity].within]


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    return random_tables(np.random.default_rng(3), 12)


def refusal(tables: dict[str, pd.DataFrame]) -> str:
    with pytest.raises(SpecError) as caught:
        Population(US_ENTITIES, tables)
    return str(caught.value)


def test_negative_and_missing_weights_are_refused_with_their_count(tables):
    tables["household"].loc[[0, 1], "design_weight"] = [-1.0, np.nan]
    assert "negative and missing weights in design_weight: 2 of 12 rows of household" in refusal(tables)


def test_repeated_keys_are_refused_with_their_count(tables):
    tables["person"].loc[1, "person_id"] = tables["person"].loc[0, "person_id"]
    assert "person_id repeats in 1 rows of person" in refusal(tables)


def test_a_link_to_nowhere_is_refused_with_its_count(tables):
    tables["person"].loc[[0, 2, 4], "spm_unit_id"] = -5
    people = len(tables["person"])
    assert f"3 of {people} rows of person link to no spm_unit by spm_unit_id" in refusal(tables)


def test_a_missing_link_is_refused_with_its_count(tables):
    tables["person"]["household_id"] = tables["person"]["household_id"].astype(float).where(lambda x: x.index > 1)
    assert "missing household_id: 2 rows of person" in refusal(tables)


def test_a_person_in_another_household_than_his_tax_unit_is_refused(tables):
    person, homes = tables["person"], tables["household"]["household_id"]
    tables["person"].loc[0, "household_id"] = homes[homes != person.loc[0, "household_id"]].iloc[0]
    message = refusal(tables)
    assert "1 rows of person lie in another household than their tax_unit" in message
    assert "1 rows of person lie in another household than their spm_unit" in message


def test_a_name_in_two_tables_is_refused_with_both(tables):
    tables["tax_unit"]["income"] = 1.0
    assert "column 'income' stands in two tables: person and tax_unit" in refusal(tables)


def test_a_name_that_stands_twice_in_one_table_is_refused(tables):
    tables["household"] = pd.concat([tables["household"], tables["household"][["rent"]]], axis=1)
    assert "columns that stand twice in a table: rent" in refusal(tables)


def test_every_fault_is_reported_not_only_the_first(tables):
    tables["household"].loc[0, "design_weight"] = np.inf
    tables["spm_unit"]["rent"] = 0.0
    message = refusal(tables)
    assert "weights" in message
    assert "'rent'" in message


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([True, None] * 6, dtype=object),
        pd.Series(["a", 1] * 6),
        pd.Series(pd.date_range("2023", periods=12)),
    ],
)
def test_a_column_that_is_no_bool_number_or_text_is_refused_by_name(tables, values):
    tables["household"]["odd"] = values
    assert "column 'odd' holds" in refusal(tables)


def test_an_entity_without_table_and_a_table_without_entity_are_refused(tables):
    tables["spm_units"] = tables.pop("spm_unit")
    message = refusal(tables)
    assert "unknown entity 'spm_units' (did you mean 'spm_unit'?)" in message
    assert "entity 'spm_unit' has no table" in message


@examples
@given(population=populations())
@pytest.mark.parametrize(("entity", "group"), PAIRS)
def test_broadcast_gives_each_row_the_value_of_the_group_its_link_names(entity, group, population):
    own = population.column(VALUES[group])
    by_key = dict(zip(population.column(f"{group}_id"), own, strict=True))
    expected = [by_key[key] for key in population.tables[entity][f"{group}_id"]]
    np.testing.assert_array_equal(population.broadcast(own, group, entity), expected)


@examples
@given(population=populations(missing=0.2))
@pytest.mark.parametrize("how", ["sum", "max", "min", "mean"])
@pytest.mark.parametrize(("entity", "group"), PAIRS)
def test_aggregates_equal_those_of_pandas(entity, group, how, population):
    values = population.column(VALUES[entity])
    grouped = pd.Series(values).groupby(population.tables[entity][f"{group}_id"].to_numpy())
    expected = grouped.agg(lambda rows: getattr(rows, how)(skipna=False)).astype(float)
    expected = expected.reindex(population.column(f"{group}_id"), fill_value=0.0 if how == "sum" else np.nan)
    found = population.aggregate(values, entity, group, how)
    np.testing.assert_allclose(found, expected.to_numpy(), rtol=1e-12)


@examples
@given(population=populations())
@pytest.mark.parametrize(("entity", "group"), PAIRS)
def test_what_is_broadcast_down_comes_back_up(entity, group, population):
    values = population.column(VALUES[group])
    down = population.broadcast(values, group, entity)
    filled = population.aggregate(np.ones(len(down), dtype=bool), entity, group, "any")
    for how in ("max", "min", "mean"):
        up = population.aggregate(down, entity, group, how)
        np.testing.assert_array_equal(up[filled], values[filled])
        assert np.isnan(up[~filled]).all()


@examples
@given(population=populations())
@pytest.mark.parametrize("entity", ["person", "tax_unit", "spm_unit"])
def test_a_sum_is_the_same_whichever_way_it_goes_up(entity, population):
    values = population.column(VALUES[entity])
    direct = population.aggregate(values, entity, "household", "sum")
    for group in US_ENTITIES[entity].within:
        step = population.aggregate(values, entity, group, "sum")
        if group != "household":
            step = population.aggregate(step, group, "household", "sum")
        np.testing.assert_allclose(step, direct)


@examples
@given(population=populations(), seed=st.integers(0, 1000))
def test_select_keeps_whole_households_and_splits_no_unit(population, seed):
    mask = np.random.default_rng(seed).random(population.size("household")) < 0.5
    chosen = population.select(mask)
    Population(US_ENTITIES, chosen.tables)
    homes = set(population.column("household_id")[mask])
    for entity in ENTITIES:
        table = population.tables[entity]
        kept = table[table["household_id"].isin(homes)].reset_index(drop=True)
        pd.testing.assert_frame_equal(chosen.tables[entity], kept)


@examples
@given(population=populations(missing=0.2))
def test_what_is_written_is_read_back_and_twice_gives_the_same_bytes(population, tmp_path_factory):
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    population.write(first)
    back = Population.read(first, US_ENTITIES)
    back.write(second)
    for entity in ENTITIES:
        pd.testing.assert_frame_equal(back.tables[entity], population.tables[entity])
        assert (first / f"{entity}.parquet").read_bytes() == (second / f"{entity}.parquet").read_bytes()


def test_reading_names_every_missing_file(tables, tmp_path):
    Population(US_ENTITIES, tables).write(tmp_path)
    (tmp_path / "person.parquet").unlink()
    with pytest.raises(SpecError, match=r"no such table: .*person\.parquet"):
        Population.read(tmp_path, US_ENTITIES)


def test_the_tables_handed_in_may_change_afterwards_without_effect(tables):
    population = Population(US_ENTITIES, tables)
    before = population.column("rent").copy()
    tables["household"].loc[:, "rent"] = -99.0
    np.testing.assert_array_equal(population.column("rent"), before)
    fresh = np.zeros(12)
    changed = population.with_columns("household", {"rent": fresh, "fuel": fresh})
    fresh[:] = 5.0
    assert not changed.column("rent").any()
    assert not changed.column("fuel").any()
    changed.tables["household"].loc[:, "state"] = "99"
    assert (population.column("state") != "99").all()


def test_with_columns_adds_and_replaces_and_leaves_the_original_alone(tables):
    population = Population(US_ENTITIES, tables)
    people = population.size("person")
    changed = population.with_columns("person", {"income": np.full(people, 7.0), "new": np.arange(people)})
    assert "new" not in population.variables
    assert (changed.column("income") == 7.0).all()
    assert (population.column("income") != 7.0).any()
    assert changed.entity_of("new") == "person"
    assert changed.drop_columns(["new"]).variables == population.variables
    assert changed.tables["household"] is population.tables["household"]


def test_with_columns_refuses_keys_names_of_other_tables_and_wrong_lengths(tables):
    population = Population(US_ENTITIES, tables)
    people = np.zeros(population.size("person"))
    with pytest.raises(ValueError, match="key"):
        population.with_columns("person", {"tax_unit_id": people})
    with pytest.raises(ValueError, match="already stands in table 'household'"):
        population.with_columns("person", {"rent": people})
    with pytest.raises(ValueError, match="expected"):
        population.with_columns("person", {"new": people[1:]})
    with pytest.raises(ValueError, match="only household carries weights"):
        population.with_columns("person", {"weight": people})


def test_weights_are_typed_and_reach_every_entity(tables):
    population = Population(US_ENTITIES, tables)
    with pytest.raises(ValueError, match="carries no calibrated weights"):
        population.weights("calibrated")
    doubled = population.with_columns("household", {"weight": 2 * population.weights()})
    expected = 2 * population.weights("design", "person")
    np.testing.assert_array_equal(doubled.weights("calibrated", "person"), expected)
    with pytest.raises(SpecError, match="negative weights in weight: 12 of 12"):
        population.with_columns("household", {"weight": -population.weights() - 1})


def test_the_value_of_a_role_is_its_holders_and_missing_where_no_one_holds_it(tables):
    population = Population(US_ENTITIES, tables)
    people = population.tables["person"]
    heads = people[people["is_tax_unit_head"]].set_index("tax_unit_id")["income"]
    expected = heads.reindex(population.column("tax_unit_id")).to_numpy()
    assert np.isnan(expected).any()
    found = population.of_role(population.column("income"), "head", "tax_unit")
    np.testing.assert_array_equal(found, expected)
    codes = population.of_role(population.column("race"), "head", "tax_unit")
    assert list(pd.isna(codes)) == list(np.isnan(expected))


def test_two_holders_of_one_role_are_refused_with_their_count(tables):
    tables["person"]["is_tax_unit_spouse"] = True
    crowded = int((tables["person"].groupby("tax_unit_id").size() > 1).sum())
    population = Population(US_ENTITIES, tables)
    with pytest.raises(SpecError, match=f"^{crowded} rows of tax_unit have more than one spouse"):
        population.of_role(population.column("income"), "spouse", "tax_unit")


def test_an_unknown_column_is_answered_with_the_nearest(tables):
    with pytest.raises(SpecError, match=r"unknown column 'incme' \(did you mean 'income'\?\)"):
        Population(US_ENTITIES, tables).column("incme")
