"""Readers that turn a survey's files into a Population, and growth factors that age its amounts."""

from .base import Column, Reader
from .uprating import GrowthFactors

__all__ = ["Column", "GrowthFactors", "Reader"]
