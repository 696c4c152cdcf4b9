"""Upkeep of a store: what it holds, what may go, what is damaged."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path

from .disk import bytes_in
from .locks import is_held
from .store import RECORD, Store

_KEY = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Artifact:
    """One artifact. made, used: seconds since the epoch. size: bytes. step: "" where artifact.json cannot be read.

    part_of: the key of the whole that this is a part of, "" for an artifact that is whole itself.
    """

    key: str
    step: str
    spec: str
    part_of: str
    size: int
    made: float
    used: float

    @property
    def whole(self) -> str:
        """The key of the step that this belongs to."""
        return self.part_of or self.key


@dataclass(frozen=True)
class Damage:
    """An artifact that is not what was written, and how that shows. held: by a running build."""

    artifact: Artifact
    text: str
    held: bool = False


@dataclass(frozen=True)
class Collected:
    """What a collection removed, or would remove: artifacts, and bytes of half-made folders; how many it kept."""

    artifacts: list[Artifact]
    half_made: list[int]
    kept: int
    held: int


def artifacts(store: Store) -> list[Artifact]:
    """Every artifact, the last used first."""
    found = (_artifact(store, folder) for folder in store.folder.glob("??/*") if _KEY.fullmatch(folder.name))
    return sorted((artifact for artifact in found if artifact), key=lambda artifact: (-artifact.used, artifact.key))


def half_made(store: Store) -> list[Path]:
    """Folders that no artifact came of, and that no process works on any more."""
    made = (path for path in store.folder.glob("making-*") if not is_held(_lease(store, path.name.split("-")[1])))
    return sorted([*made, *store.folder.glob("removed-*")])


def other_versions(store: Store) -> list[Path]:
    """Folders of the store that another version of the product wrote, which this one neither reads nor removes."""
    return sorted(path for path in store.root.glob("v*") if re.fullmatch(r"v\d+", path.name) and path != store.folder)


def keys_of_runs(runs: Path, newest: int | None = None) -> tuple[set[str], list[Path]]:
    """Step keys that the newest run folders (default: all) were planned with, and the plans that cannot be read."""
    plans = [*runs.glob("*/*/plan.json"), *runs.glob("sweeps/*/*/plan.json")]
    plans.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    keys: set[str] = set()
    unreadable = []
    for path in plans[:newest]:
        try:
            keys.update(step["key"] for step in json.loads(path.read_text(encoding="utf-8"))["steps"])
        except (OSError, ValueError, KeyError, TypeError):
            unreadable.append(path)
    return keys, unreadable


def collect(store: Store, wanted: Set[str], used_since: float | None = None, dry_run: bool = False) -> Collected:
    """Remove artifacts that are not wanted, parts whose whole stands, and what dead processes left half made.

    wanted: step keys. used_since: artifacts used at or after this time stay as well. What a running build holds or
    claims stays in any case.
    """
    if not store.folder.is_dir():
        return Collected([], [], 0, 0)
    with contextlib.nullcontext() if dry_run else store.collecting():
        found = artifacts(store)
        standing = {artifact.key for artifact in found}
        old = [
            artifact
            for artifact in found
            if (artifact.whole not in wanted or (artifact.part_of and artifact.part_of in standing))
            and (used_since is None or artifact.used < used_since)
        ]
        held = _Held(store)
        gone = [artifact for artifact in old if artifact not in held]
        dead = half_made(store)
        sizes = [bytes_in(folder) for folder in dead]
        if not dry_run:
            for artifact in gone:
                store.discard(artifact.key)
            for folder in dead:
                shutil.rmtree(folder, ignore_errors=True)
        return Collected(gone, sizes, len(found) - len(gone), len(old) - len(gone))


def damaged(store: Store, repair: bool = False) -> Iterator[Damage]:
    """Check every file of every artifact. repair: remove the damaged ones, unless a running build holds them."""
    for artifact in artifacts(store):
        text = store.damage(artifact.key)
        if not text or not store.path(artifact.key).exists():
            continue
        if not repair:
            yield Damage(artifact, text)
            continue
        with store.collecting():
            held = artifact in _Held(store)
            if not held:
                store.discard(artifact.key)
        yield Damage(artifact, text, held)


class _Held:
    """What running builds hold or claim, as of now; one whose list cannot be read (a full disk) holds everything."""

    def __init__(self, store: Store):
        self.keys, self.everything = set[str](), False
        for lease in (store.folder / "builds").glob("*"):
            if is_held(lease):
                try:
                    self.keys.update(json.loads(lease.read_text(encoding="utf-8"))["keys"])
                except (OSError, ValueError, KeyError, TypeError):
                    self.everything = True
        self.keys.update(claim.name for claim in (store.folder / "claims").glob("*") if is_held(claim))

    def __contains__(self, artifact: Artifact) -> bool:
        return self.everything or not self.keys.isdisjoint((artifact.key, artifact.whole))


def _lease(store: Store, name: str) -> Path:
    return store.folder / "builds" / name


def _artifact(store: Store, folder: Path) -> Artifact | None:
    """What stands under a key, or None where it went while we looked."""
    about: dict[str, object] = {}
    with contextlib.suppress(OSError, ValueError):
        about = store.about(folder.name)
    record = folder / RECORD
    try:
        used = (record if record.exists() else folder).stat().st_mtime
    except FileNotFoundError:
        return None
    made = about.get("made")
    return Artifact(
        key=folder.name,
        step=str(about.get("step") or ""),
        spec=str(about.get("spec") or ""),
        part_of=str(about.get("part_of") or ""),
        size=bytes_in(folder),
        made=made if isinstance(made, float) else used,
        used=used,
    )
