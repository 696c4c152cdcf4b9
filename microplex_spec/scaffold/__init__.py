"""Projects to begin with: a small real one that builds at once, or one guessed from a file of the user's own."""

from .sample import sample_project
from .write import ProjectFiles, write_project

__all__ = ["ProjectFiles", "sample_project", "write_project"]
