"""Execution: plans are made from a spec, run step by step, and leave a run folder."""
