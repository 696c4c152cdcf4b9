"""Executors: who runs a task, and where. Each takes tasks and gives their records back."""
