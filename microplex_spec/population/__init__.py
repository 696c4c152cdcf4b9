"""The one data type that flows through a build: entity tables, links and typed weights."""

from .evaluate import evaluate
from .population import Population

__all__ = ["Population", "evaluate"]
