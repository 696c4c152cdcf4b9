"""Bakeoffs: rows of a table, methods fitted and drawn in processes of their own, one line of results after each."""

from .folder import BakeoffFolder
from .outputs import document, write_outputs
from .run import new_bakeoff, resume_bakeoff
from .work import Job

__all__ = ["BakeoffFolder", "Job", "document", "new_bakeoff", "resume_bakeoff", "write_outputs"]
