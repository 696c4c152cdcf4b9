"""Real rows that the tests of the readers share."""

from pathlib import Path

import pytest
from shared_data import shared_data
from source_entities import WITHIN, make_entities

from microplex_spec.population import Population
from microplex_spec.sources.taxcalc_cps import TaxcalcCps
from microplex_spec.spec.entities import Entities


@pytest.fixture(scope="session")
def entities() -> Entities:
    return make_entities(*WITHIN)


@pytest.fixture(scope="session")
def cps(entities: Entities) -> Population:
    return TaxcalcCps({"survey_years": (2014,), "weights_year": 2023}).read(entities)


@pytest.fixture(scope="session")
def pums() -> Path:
    return shared_data("pums2024")
