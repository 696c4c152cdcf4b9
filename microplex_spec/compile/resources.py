"""The budget of a build: what it may use of this machine."""

from __future__ import annotations

import os

from ..plan import Budget
from ..spec.choices import Resources

SHARE_OF_FREE_MEMORY = 0.8


def budget_of(resources: Resources) -> Budget:
    """The declared memory and cores, or four fifths of the free memory and all cores where none are declared."""
    import psutil

    free = psutil.virtual_memory().available
    memory = int(resources.memory_gb * 1e9) if resources.memory_gb else int(free * SHARE_OF_FREE_MEMORY)
    return Budget(memory, resources.cores or len(os.sched_getaffinity(0)))
