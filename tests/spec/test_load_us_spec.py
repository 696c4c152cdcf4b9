"""The shipped spec of the United States: it loads, and its targets, variables and mappings are complete."""

from collections import Counter

import pytest
from small_project import REPOSITORY

from microplex_spec.spec.load import load_spec
from microplex_spec.spec.model import Spec
from microplex_spec.spec.project import Project


@pytest.fixture(scope="module")
def spec() -> Spec:
    return load_spec("us_cps_2023", Project(REPOSITORY))


def test_enough_published_figures_are_fitted(spec: Spec):
    roles = Counter(target.role for target in spec.targets if not target.exclude)
    assert roles["fit"] >= 150
    assert roles["holdout"] >= 30


def test_every_target_says_who_published_it_where_and_when(spec: Spec):
    for target in spec.targets:
        source = target.source
        assert source.agency and source.title and source.vintage, target.id
        assert source.url or source.table, target.id
        assert source.concept, target.id
        assert target.period == spec.period, target.id


def test_ids_are_unique(spec: Spec):
    for objects in (spec.targets, spec.benchmarks):
        assert len({item.id for item in objects}) == len(objects)


def test_every_imputed_variable_declares_its_regime_and_predictors(spec: Spec):
    assert len(spec.imputed()) >= 10
    for variable in spec.imputed():
        assert variable.regime != "auto", variable.name
        assert spec.predictors(variable), variable.name
        assert variable.label, variable.name


def test_regimes_of_both_signs_and_of_zeros_are_imputed(spec: Spec):
    assert {variable.regime for variable in spec.imputed()} >= {"three_sign", "zero_inflated"}


def test_every_dollar_read_from_a_source_is_uprated(spec: Spec):
    for variable in spec.variables.values():
        if variable.unit == "usd" and variable.origin in ("observed", "imputed"):
            assert variable.uprate, variable.name


@pytest.mark.parametrize(
    "engine_variable",
    [
        "employment_income",
        "self_employment_income",
        "farm_operations_income",
        "taxable_interest_income",
        "qualified_dividend_income",
        "non_qualified_dividend_income",
        "long_term_capital_gains",
        "social_security_retirement",
        "taxable_private_pension_income",
        "taxable_ira_distributions",
        "unemployment_compensation",
        "alimony_income",
    ],
)
def test_every_part_of_gross_income_feeds_the_engine_once(spec: Spec, engine_variable: str):
    feeding = [
        name
        for name, variable in spec.variables.items()
        if "policyengine_us" in variable.engine and variable.engine["policyengine_us"].variable == engine_variable
    ]
    assert len(feeding) == 1


def test_every_benchmark_says_what_it_counts_and_who_published_it(spec: Spec):
    assert len(spec.benchmarks) >= 5
    for benchmark in spec.benchmarks:
        assert benchmark.concept and benchmark.source.agency and benchmark.source.url, benchmark.id


def test_states_and_ages_come_from_tables(spec: Spec):
    ids = [target.id for target in spec.targets]
    assert sum(name.startswith("us.census.population.state_") for name in ids) == 51
    assert sum(name.startswith("us.census.population.age_") for name in ids) >= 17
    assert {target.where for target in spec.targets if target.id == "us.census.population.state_ca"} == {
        "state_fips == '06'"
    }


def test_a_spec_is_found_by_its_folder_as_by_its_name(spec: Spec):
    folder = REPOSITORY / "conf" / "specs" / "us_cps_2023"
    assert load_spec(folder, Project(REPOSITORY)).targets == spec.targets
