"""The compiler: a spec, the run's choices and the profiles of its sources become a plan. No data is touched."""

from .compiler import compile_spec

__all__ = ["compile_spec"]
