"""Entities of the United States file, as the tests of a population use them."""

import pytest
from population_strategies import US_ENTITIES

from microplex_spec.spec.entities import Entities


@pytest.fixture
def entities() -> Entities:
    return US_ENTITIES
