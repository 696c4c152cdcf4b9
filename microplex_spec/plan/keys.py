"""Data keys: two steps with one key have the same result, whatever their labels, paths and workers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical(value: Any) -> str:
    """One text for one content: sorted keys, no spaces, floats in their shortest exact form."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest(value: Any) -> str:
    """SHA-256 over the canonical text of plain data, in hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def data_key(kind: str, backend: str, version: int, params: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """The key of a step: what it does, with what code version, on which upstream keys (by step id)."""
    return digest([kind, backend, version, dict(params), dict(inputs)])
