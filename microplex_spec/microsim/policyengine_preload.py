"""Imports PolicyEngine, for a process from which workers are forked: they find it there and share its memory."""

from __future__ import annotations

import gc

from .policyengine_us import quiet_and_offline

with quiet_and_offline():
    import policyengine_us  # noqa: F401

# What is left out of collections is not written to, and so stays shared.
gc.freeze()
