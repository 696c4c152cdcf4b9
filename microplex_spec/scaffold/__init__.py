"""Projects to begin with: a small real one that builds at once, or one guessed from a file of the user's own."""

from .from_file import project_from_file
from .sample import sample_project
from .write import ProjectFiles, refuse_used, write_project

__all__ = ["ProjectFiles", "project_from_file", "refuse_used", "sample_project", "write_project"]
