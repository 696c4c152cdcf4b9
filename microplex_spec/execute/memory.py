"""Peak resident memory while a step runs, sampled from a thread."""

from __future__ import annotations

import threading
from types import TracebackType


class PeakMemory:
    """`with PeakMemory() as peak: ...; peak.bytes` is the highest resident size of this process meanwhile."""

    def __init__(self, every: float = 0.05):
        self.every, self.bytes = every, 0
        self._stop = threading.Event()

    def _sample(self) -> None:
        import psutil

        process = psutil.Process()
        while True:
            self.bytes = max(self.bytes, process.memory_info().rss)
            if self._stop.wait(self.every):
                return

    def __enter__(self) -> PeakMemory:
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
