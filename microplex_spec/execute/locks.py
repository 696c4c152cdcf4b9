"""File locks between processes, which the kernel frees when their holder ends, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType


@dataclass(frozen=True)
class Lock:
    """A lock that is held until `release`, the end of a `with`, or the end of the process.

    handle: the open file, or None for a lock in a place where nobody can write, which needs none.
    process: who took it; a child forked meanwhile cannot give it away.
    """

    path: Path
    handle: int | None
    process: int = field(default_factory=os.getpid)

    def release(self) -> None:
        """Let the next one in. The file goes first: whoever waits for it sees that, and makes a new one."""
        if self.handle is None or self.process != os.getpid():
            return
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
        # Unlocked by hand: closing is not enough where a forked child has the file open still.
        fcntl.flock(self.handle, fcntl.LOCK_UN)
        os.close(self.handle)

    def __enter__(self) -> Lock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def take(path: Path, *, says: str = "") -> Lock:
    """Lock a file, waiting for it as long as it takes. says: what others can read in it."""
    lock = _take(path, says, wait=True)
    assert lock is not None
    return lock


def take_if_free(path: Path, *, says: str = "") -> Lock | None:
    """Lock a file, or None where someone holds it. OSError where no file can be made there."""
    return _take(path, says, wait=False)


def is_held(path: Path) -> bool:
    """Whether someone holds the lock, or may; the file of a lock that its holder could not remove is removed."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return True
    if not _is(handle, path):
        os.close(handle)
        return True
    Lock(path, handle).release()
    return False


def this_process() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


def _take(path: Path, says: str, wait: bool) -> Lock | None:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            if _is(handle, path):
                # A lock is one without its text too, where a full disk has no room for that.
                with contextlib.suppress(OSError):
                    os.truncate(handle, 0)
                    os.write(handle, says.encode())
                return Lock(path, handle)
        except BlockingIOError:
            os.close(handle)
            return None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _is(handle: int, path: Path) -> bool:
    """Whether the open file is still the one of that name: its last holder may have removed it."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
