"""The plan: frozen steps that explain themselves, and that the executor runs as they stand."""

from .keys import data_key
from .plan import Budget, Plan
from .step import Reason, Step

__all__ = ["Budget", "Plan", "Reason", "Step", "data_key"]
