"""Evaluation: how far draws, targets and benchmarks are from what is known."""

from .prdc import prdc

__all__ = ["prdc"]
