"""Evaluation: how far draws, targets and benchmarks are from what is known."""
