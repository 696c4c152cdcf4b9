"""Bakeoffs: rows of a table, methods fitted and drawn in processes of their own, one line of results after each."""

from .folder import BakeoffFolder
from .run import new_bakeoff, resume_bakeoff

__all__ = ["BakeoffFolder", "new_bakeoff", "resume_bakeoff"]
