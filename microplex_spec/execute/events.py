"""events.jsonl: what happened in a run, one line an event, written as it happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Listener = Callable[[str, dict[str, Any]], None]


def now() -> str:
    """The time in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class EventLog:
    """Appends events to a file and passes each on to the listeners (a progress display, say)."""

    def __init__(self, path: Path, listeners: tuple[Listener, ...] = ()):
        self.path, self.listeners = path, listeners

    def __call__(self, event: str, **facts: Any) -> None:
        line = json.dumps({"time": now(), "event": event, **facts})
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")
        for listener in self.listeners:
            listener(event, facts)
