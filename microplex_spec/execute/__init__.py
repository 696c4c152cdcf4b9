"""Execution: plans are made from a spec, run step by step, and leave a run folder."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Execute(ModuleType):
    """Lets `from microplex_spec import execute` be called, though this package has the same name as the function.

    Python binds a package's name in its parent as soon as anything of it is imported, over whatever stood there.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from .runner import execute

        return execute(*args, **kwargs)


sys.modules[__name__].__class__ = _Execute
