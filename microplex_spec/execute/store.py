"""The artifact store: one folder a step key, complete or absent, with a checksum for each file."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STORE_VERSION = 1
_RECORD = "artifact.json"


class Store:
    """Artifacts by step key. Written beside, synced and renamed, so that a kill leaves nothing half made."""

    def __init__(self, folder: Path):
        self.folder = folder / f"v{STORE_VERSION}"

    def path(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and (self.path(key) / _RECORD).is_file()

    def record(self, key: str) -> dict[str, Any]:
        """What the step reported when it was made."""
        return json.loads((self.path(key) / _RECORD).read_text(encoding="utf-8"))["record"]

    def intact(self, key: str) -> bool:
        """Whether an artifact stands and every file of it still has its checksum."""
        folder = self.path(key)
        try:
            wanted = json.loads((folder / _RECORD).read_text(encoding="utf-8"))["files"]
            return all(_sha256(folder / name) == digest for name, digest in wanted.items())
        except (OSError, ValueError, KeyError):
            return False

    def fresh(self, key: str) -> Path:
        """A fresh folder to make an artifact in, to be handed to `commit` or removed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"making-{key[:8]}-", dir=self.folder))

    @contextmanager
    def writing(self, key: str) -> Iterator[Path]:
        """A fresh folder to write an artifact into; removed again if the step fails before `commit`."""
        folder = self.fresh(key)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def commit(self, key: str, made: Path, record: dict[str, Any]) -> Path:
        """Put a finished artifact in its place and return it. Whoever comes second to one key keeps the first's."""
        files = sorted(path for path in made.rglob("*") if path.is_file())
        content = {
            "key": key,
            "files": {str(path.relative_to(made)): _sha256(path) for path in files},
            "record": record,
        }
        (made / _RECORD).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        for path in (*files, made / _RECORD):
            _sync(path)
        target = self.path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            made.rename(target)
        except OSError:
            # Something stands there: a whole artifact that another build made meanwhile, or a damaged one.
            if self.intact(key):
                return target
            shutil.rmtree(target, ignore_errors=True)
            made.rename(target)
        _sync(target.parent)
        return target


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
