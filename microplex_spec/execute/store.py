"""The artifact store: one folder a step key, complete or absent, with a checksum for each file."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..spec.project import Project
from .disk import UNWRITABLE, disk_fault
from .locks import Lock, take, take_if_free, this_process

STORE_VERSION = 2
RECORD = "artifact.json"


class Store:
    """Artifacts by step key. Written beside, synced and renamed, so that a kill leaves nothing half made.

    Several builds may share a store: each holds the keys of its plan, which keeps them from being collected, and
    claims a key before it makes the artifact, so that no two make the same. A store that cannot be written still
    gives what it has. DiskFault, an OSError, says in plain words why something cannot be kept.
    """

    def __init__(self, folder: Path):
        self.root, self.folder = folder, folder / f"v{STORE_VERSION}"
        self._lease: Lock | None = None

    @classmethod
    def of(cls, project: Project, folder: str | None = None) -> Store:
        """The project's store, or the one in a given folder; a relative one starts from the project's root."""
        return cls(project.root / Path(folder).expanduser() if folder else project.store)

    def path(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and (self.path(key) / RECORD).is_file()

    def record(self, key: str) -> dict[str, Any]:
        """What the step reported when it was made."""
        return self.about(key)["record"]

    def about(self, key: str) -> dict[str, Any]:
        """All that artifact.json tells; ValueError where it is not what was once written, OSError where it is gone."""
        text = (self.path(key) / RECORD).read_text(encoding="utf-8")
        content = json.loads(text)
        if not isinstance(content, dict) or content.pop("sha256", None) != _sha256_of(content):
            raise ValueError(f"{RECORD} has lost its checksum")
        return content

    def damage(self, key: str) -> str:
        """What is wrong with an artifact: its file and how, "" if all of them have their checksums."""
        folder = self.path(key)
        try:
            wanted = self.about(key)["files"]
        except (OSError, ValueError):
            return f"{RECORD} cannot be read"
        for name, digest in wanted.items():
            try:
                if _sha256(folder / name) != digest:
                    return f"{name} is not what was written"
            except FileNotFoundError:
                return f"{name} is missing"
            except OSError as fault:
                return f"{name} cannot be read: {fault.strerror}"
        return ""

    def intact(self, key: str) -> bool:
        """Whether an artifact stands and every file of it still has its checksum."""
        return not self.damage(key)

    def touch(self, key: str) -> None:
        """Note that an artifact is used now, which a store that cannot be written does without."""
        with contextlib.suppress(OSError):
            os.utime(self.path(key) / RECORD)

    def claim(self, key: str) -> Lock | None:
        """The right to make an artifact, to be released when it stands; None while another build has it.

        Never waits, so that a build with several steps under way cannot block another one that waits for these.
        Look again whether the artifact stands once the claim is given: its last holder may just have made it.
        """
        return self._claim(key, take_if_free)

    @contextmanager
    def making(self, key: str) -> Iterator[None]:
        """`claim` that waits, for whoever makes one artifact at a time."""
        lock = self._claim(key, take)
        assert lock is not None
        with lock:
            yield

    def claimed_by(self, key: str) -> str:
        """Who makes an artifact just now, for a message; "another build" where that is not known."""
        try:
            return self._claim_file(key).read_text(encoding="utf-8") or "another build"
        except OSError:
            return "another build"

    @contextmanager
    def holding(self, keys: Iterable[str]) -> Iterator[None]:
        """While inside, no other process collects these artifacts, nor what is half made here."""
        outer, lease = self._lease, self._take_lease(list(keys))
        self._lease = lease
        try:
            with lease:
                yield
        finally:
            self._lease = outer

    def fresh(self, key: str) -> Path:
        """A fresh folder to make an artifact in, to be handed to `commit` or removed.

        Made inside `holding`, or `gc` takes it for what a killed build left.
        """
        holder = self._lease.path.name if self._lease else "nobody"
        with self._plain_faults():
            self.folder.mkdir(parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(prefix=f"making-{holder}-{key[:8]}-", dir=self.folder))

    @contextmanager
    def writing(self, key: str) -> Iterator[Path]:
        """A fresh folder to write an artifact into; removed again if the step fails before `commit`."""
        with self.holding([key]) if self._lease is None else contextlib.nullcontext():
            folder = self.fresh(key)
            try:
                with self._plain_faults(folder):
                    yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def commit(
        self,
        key: str,
        made: Path,
        record: dict[str, Any],
        *,
        step: str = "",
        spec: str = "",
        part_of: str = "",
    ) -> Path:
        """Put a finished artifact in its place and return it. Whoever comes second to one key keeps the first's.

        step, spec: whose it is, for people who look into the store. part_of: the key of the whole, for a part that
        is needed only until the whole stands.
        """
        with self._plain_faults(made):
            files = sorted(path for path in made.rglob("*") if path.is_file())
            content = {
                "key": key,
                "step": step,
                "spec": spec,
                "part_of": part_of,
                "made": time.time(),
                "files": {str(path.relative_to(made)): _sha256(path) for path in files},
                "record": record,
            }
            content = {"sha256": _sha256_of(content), **content}
            (made / RECORD).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
            for path in (*files, made / RECORD):
                _sync(path)
            return self._place(key, made)

    def discard(self, key: str) -> None:
        """Remove an artifact, at once for whoever looks: it is moved aside first."""
        with self._plain_faults(), contextlib.suppress(FileNotFoundError):
            aside = self.folder / f"removed-{secrets.token_hex(8)}"
            self.path(key).rename(aside)
            shutil.rmtree(aside, ignore_errors=True)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """While inside, no build begins to hold keys, so that what nobody held at first is held by nobody."""
        with self._plain_faults():
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = take(self.folder / "collecting.lock", says=this_process())
        with lock:
            yield

    def _place(self, key: str, made: Path) -> Path:
        target = self.path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            made.rename(target)
        except OSError as fault:
            if fault.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            # Something stands there: a whole artifact that another build made meanwhile, or a damaged one.
            if self.intact(key):
                shutil.rmtree(made, ignore_errors=True)
                return target
            self.discard(key)
            made.rename(target)
        _sync(target.parent)
        return target

    def _claim_file(self, key: str) -> Path:
        return self.folder / "claims" / key

    def _claim(self, key: str, taker: Callable[..., Lock | None]) -> Lock | None:
        return self._if_writable(self._claim_file(key), lambda path: taker(path, says=this_process()))

    def _take_lease(self, keys: list[str]) -> Lock:
        def lease(path: Path) -> Lock:
            with self.collecting():
                return take(path, says=json.dumps({"by": this_process(), "keys": keys}))

        taken = self._if_writable(self.folder / "builds" / secrets.token_hex(8), lease)
        assert taken is not None
        return taken

    def _if_writable(self, path: Path, taker: Callable[[Path], Lock | None]) -> Lock | None:
        """Take a lock; where nobody can write, nothing can be made or collected, and no lock is needed."""
        with self._plain_faults():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                return taker(path)
            except OSError as fault:
                if fault.errno in UNWRITABLE:
                    return Lock(path, None)
                raise

    @contextmanager
    def _plain_faults(self, written: Path | None = None) -> Iterator[None]:
        try:
            yield
        except OSError as fault:
            plain = disk_fault(fault, self.root, written)
            if plain is None or plain is fault:
                raise
            raise plain from fault


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sha256_of(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
