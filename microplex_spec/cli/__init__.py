"""The command line: one small module a command."""

from .main import main

__all__ = ["main"]
