"""Checksums of files, remembered by size and time so that an unchanged file is read once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path


def file_sha256(path: Path, cache: Path) -> str:
    """SHA-256 of a file's content. `cache` is a folder that remembers it; losing that folder costs only time."""
    stat = path.stat()
    known = cache / "sha256.json"
    key = f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}"
    try:
        remembered = json.loads(known.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        remembered = {}
    if not isinstance(remembered, dict):
        remembered = {}
    if key not in remembered:
        with path.open("rb") as stream:
            remembered[key] = hashlib.file_digest(stream, "sha256").hexdigest()
        # A cache that cannot be written is one that is always lost.
        with contextlib.suppress(OSError):
            write_atomically(known, json.dumps(remembered, indent=0, sort_keys=True))
    return remembered[key]


def write_atomically(path: Path, text: str) -> None:
    """Write a text so that a reader sees the old or the new content, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        # mkstemp makes files that only their owner may read.
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
