"""policyengine_us behind the protocol: its index, its refusals, and one real simulation shared by all tests."""

import importlib.util
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from microplex_spec.impute import make_imputer
from microplex_spec.microsim.base import EngineInput
from microplex_spec.microsim.policyengine_data import engine_tables, write_h5
from microplex_spec.microsim.policyengine_index import whole_population_reasons
from microplex_spec.microsim.policyengine_us import PolicyEngineUS
from microplex_spec.population import Population
from microplex_spec.spec.entities import Entities, Entity
from microplex_spec.spec.errors import SpecError

YEAR = 2023
GROUPS = ("household", "tax_unit", "spm_unit", "family", "marital_unit")
OUTPUTS = ("adjusted_gross_income", "filing_status", "eitc", "takes_up_wic_if_eligible")


CPS = Path(importlib.util.find_spec("taxcalc").origin).parent / "cps.csv.gz"


def households(count: int) -> Population:
    """Households of real tax units of the Tax-Calculator CPS file: adults with their own earnings, young children."""
    units = pd.read_csv(CPS, nrows=40 * count).iloc[::40].reset_index(drop=True)
    married = units["MARS"].eq(2).to_numpy()
    children = np.minimum(units["nu18"], 3).to_numpy()
    unit = np.concatenate([np.arange(count), np.flatnonzero(married), np.repeat(np.arange(count), children)])
    role = np.repeat(["HEAD", "SPOUSE", "DEPENDENT"], [count, married.sum(), children.sum()])
    head, spouse = role == "HEAD", role == "SPOUSE"
    age = np.select([head, spouse], [units["age_head"].to_numpy()[unit], units["age_spouse"].to_numpy()[unit]], 8)
    pay = np.select([head, spouse], [units["e00200p"].to_numpy()[unit], units["e00200s"].to_numpy()[unit]], 0)
    persons = pd.DataFrame({f"{group}_id": unit for group in GROUPS}) + 100
    persons["marital_unit_id"] = np.where(role == "DEPENDENT", count + np.arange(len(unit)), unit)
    persons = persons.assign(
        person_id=np.arange(len(unit)), age=age, wages=pay.astype(float), role=role, is_head=head, is_spouse=spouse
    )
    marital = persons.drop_duplicates("marital_unit_id")[["marital_unit_id", "household_id"]]
    ids = np.arange(count) + 100
    tables = {group: pd.DataFrame({f"{group}_id": ids, "household_id": ids}) for group in GROUPS[1:4]}
    tables["tax_unit"] = tables["tax_unit"].assign(
        benefits=units["e02400"].astype(float), interest=units["e00300"].astype(float)
    )
    tables["household"] = pd.DataFrame(
        {"household_id": ids, "fips": units["fips"], "design_weight": units["s006"] / 100}
    )
    entities = {group: Entity(name=group, within=("household",)) for group in GROUPS[1:]}
    entities["tax_unit"] = Entity(
        name="tax_unit", within=("household",), roles={"head": "is_head", "spouse": "is_spouse"}
    )
    entities |= {"household": Entity(name="household"), "person": Entity(name="person", within=GROUPS)}
    return Population(Entities(entities), {**tables, "marital_unit": marital, "person": persons})


def feeds(population: Population) -> list[EngineInput]:
    column = population.column
    return [
        EngineInput("age", "person", column("age")),
        EngineInput("tax_unit_role_input", "person", column("role")),
        EngineInput("employment_income", "person", column("wages")),
        EngineInput("taxable_interest_income", "tax_unit", column("interest"), "adults"),
        EngineInput("social_security_retirement", "tax_unit", column("benefits"), "by", column("age") >= 62),
        EngineInput("state_fips", "household", column("fips")),
    ]


@pytest.fixture(scope="session")
def engine(request) -> PolicyEngineUS:
    return PolicyEngineUS(request.config.cache.mkdir("engine_index"))


@pytest.fixture(scope="session")
def population() -> Population:
    return households(120)


@pytest.fixture(scope="session")
def network_absent():
    """Any attempt to open a connection fails the test."""

    def refuse(*address):
        raise AssertionError(f"the engine tried to reach {address}")

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", refuse)
    patch.setattr(socket, "getaddrinfo", refuse)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def in_batches(engine, population, network_absent):
    """Every output, simulated a part of the households at a time and put together."""
    together = {}
    households = np.arange(population.size("household"))
    for chosen in (households < 60, households >= 60):
        part = population.select(chosen)
        results = engine.simulate(part, feeds(part), OUTPUTS, YEAR, YEAR, part.weights())
        for name, (entity, values) in results.items():
            _, whole = together.setdefault(name, (entity, np.empty(population.size(entity), values.dtype)))
            whole[chosen[population.positions(entity, "household")]] = values
    return together


@pytest.fixture(scope="session")
def opened(engine, population, tmp_path_factory, network_absent):
    """The exported file, opened as a user of policyengine_us opens it."""
    path = tmp_path_factory.mktemp("h5") / "population.h5"
    engine.write_dataset(population, feeds(population), population.weights(), path, YEAR)
    from policyengine_us import Microsimulation

    return Microsimulation(dataset=str(path), dataset_end_year=YEAR)


def test_batches_and_the_exported_file_give_the_same_values(in_batches, opened):
    for name in ("adjusted_gross_income", "eitc"):
        whole = opened.calculate(name, YEAR, use_weights=False)
        np.testing.assert_array_equal(in_batches[name][1], np.asarray(whole, dtype=float))
        assert np.count_nonzero(whole) > 0


def test_totals_of_the_exported_file_are_weighted(in_batches, opened, population):
    entity, values = in_batches["adjusted_gross_income"]
    total = (values * population.weights(entity=entity)).sum()
    assert opened.calculate("adjusted_gross_income", YEAR).sum() == pytest.approx(total, rel=1e-6)


def test_outputs_stand_in_the_rows_of_their_entity(in_batches, population):
    entity, status = in_batches["filing_status"]
    assert entity == "tax_unit"
    couples = population.aggregate(population.column("is_spouse"), "person", "tax_unit", "any")
    np.testing.assert_array_equal(status == "JOINT", couples)


def test_a_monthly_flag_is_true_if_any_month_is(in_batches, population):
    entity, values = in_batches["takes_up_wic_if_eligible"]
    assert entity == "person"
    assert values.dtype == bool
    assert values.all()


def test_two_writes_give_the_same_bytes(engine, population, tmp_path):
    tables = engine_tables(population, feeds(population), population.weights(), engine.known_variables())
    write_h5(tables, tmp_path / "one.h5", YEAR)
    time.sleep(1.1)
    write_h5(tables, tmp_path / "two.h5", YEAR)
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


def test_zeros_signs_and_gaps_of_drawn_amounts_stand_in_the_exported_file(engine, population, tmp_path):
    donors = pd.read_csv(CPS, usecols=["age_head", "XTOT", "s006", "e00900", "e00300"])
    donors = donors[(donors["e00900"] != 0) | (donors.index % 40 == 0)]
    rows = pd.DataFrame({"age_head": population.column("age")[population.column("is_head")], "XTOT": 2})
    drawn = {
        name: make_imputer("regime_aware", regime, stream=name, trees=20)
        .fit(donors[["age_head", "XTOT"]], donors[name], donors["s006"])
        .draw(rows, seed=1)
        for name, regime in (("e00900", "three_sign"), ("e00300", "zero_inflated"))
    }
    given = [
        EngineInput("self_employment_income", "tax_unit", drawn["e00900"], "head"),
        EngineInput("taxable_interest_income", "tax_unit", drawn["e00300"], "adults"),
    ]
    amounts = {item.variable for item in given}
    inputs = [*(item for item in feeds(population) if item.variable not in amounts), *given]
    engine.write_dataset(population, inputs, population.weights(), tmp_path / "population.h5", YEAR)
    person = pd.read_hdf(tmp_path / "population.h5", "person")
    heads = person["self_employment_income"].to_numpy()[population.column("is_head")]
    np.testing.assert_array_equal(heads, drawn["e00900"].astype(heads.dtype))
    known = donors["e00900"].to_numpy()
    assert (heads < 0).any() and (heads == 0).any() and (heads > 0).any()
    assert not ((heads > known[known < 0].max()) & (heads < known[known > 0].min()) & (heads != 0)).any()
    interest = person.groupby("person_tax_unit_id")["taxable_interest_income"].sum()
    units = interest[population.tables["tax_unit"]["tax_unit_id"]].to_numpy()
    np.testing.assert_array_equal(units == 0, drawn["e00300"] == 0)
    np.testing.assert_allclose(units, drawn["e00300"], rtol=1e-6)


def test_an_unknown_variable_is_an_error_with_the_nearest_name(engine):
    with pytest.raises(SpecError, match=r"'snapp'.*did you mean 'snap'"):
        engine.variable_info(["eitc", "snapp"])


def test_a_population_without_states_is_refused(engine, population):
    without = [item for item in feeds(population) if item.variable != "state_fips"]
    with pytest.raises(SpecError, match="state_fips"):
        engine.simulate(population, without, ["snap"], YEAR, YEAR, population.weights())


def test_a_code_that_the_engine_does_not_know_is_refused(engine, population):
    roles = np.where(population.column("is_head"), "CHIEF", "SPOUSE").astype(object)
    item = EngineInput("tax_unit_role_input", "person", roles)
    with pytest.raises(SpecError, match="unknown codes CHIEF"):
        engine_tables(population, [item], population.weights(), engine.known_variables())


def test_missing_amounts_are_refused(engine, population):
    item = EngineInput("employment_income", "person", np.full(population.size("person"), np.nan))
    with pytest.raises(SpecError, match="missing"):
        engine_tables(population, [item], population.weights(), engine.known_variables())


def test_two_inputs_of_one_variable_are_added(engine, population):
    tables = engine_tables(
        population, [*feeds(population), feeds(population)[2]], population.weights(), engine.known_variables()
    )
    np.testing.assert_array_equal(tables["person"]["employment_income"], 2 * population.column("wages"))


def test_the_index_finds_what_depends_on_the_whole_population(engine):
    index = engine.known_variables()
    spread = {name for name, variable in index.items() if variable.cross_household}
    assert {"household_income_decile", "income_decile", "medicaid_cost", "household_net_income"} <= spread
    assert not spread & {"adjusted_gross_income", "income_tax", "snap", "ssi", "eitc", "aca_ptc", "state_income_tax"}


def test_dependence_on_the_whole_population_is_inherited_by_readers():
    reads = {"rank": {"income"}, "benefit": {"rank"}, "tax": {"income"}, "income": {"a_behavioral_response"}}
    reads["a_behavioral_response"] = {"benefit"}
    reasons = whole_population_reasons(reads, {"rank": "ranks households"})
    assert reasons == {
        "rank": "it ranks households",
        "benefit": "it depends on rank, which ranks households",
    }


def test_choices_left_to_the_engine_are_listed(engine):
    left = engine.assumed(["takes_up_snap_if_eligible"])
    assert "takes_up_snap_if_eligible" not in left
    assert left["takes_up_aca_if_eligible"].default is True
    assert left["would_file_taxes_voluntarily"].default is False


def test_names_are_checked_without_importing_the_engine(engine):
    engine.known_variables()
    code = (
        "import sys; from microplex_spec.microsim.policyengine_us import PolicyEngineUS;"
        f"PolicyEngineUS({str(engine.cache_folder)!r}).variable_info(['snap']);"
        "assert not {'policyengine_us', 'policyengine_core', 'tables'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ))


def test_predicted_cost_grows_with_households_and_falls_in_bytes_with_batches(engine):
    small, large = engine.predict_cost(1_000, ["snap"]), engine.predict_cost(100_000, ["snap"])
    batched = engine.predict_cost(100_000, ["snap"], households_per_batch=10_000)
    assert small.seconds < large.seconds < batched.seconds
    assert small.bytes < batched.bytes < large.bytes
