"""Faults of a disk in plain words: full, read-only, forbidden, no folder, no locks."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from ..plan.explain import size

FULL = {errno.ENOSPC, errno.EDQUOT}
UNWRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM, *FULL}
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
_NO_FOLDER = {errno.ENOTDIR, errno.EEXIST}
# Some writers lose the error's number; a disk with less than this left is taken for the cause.
_NOTHING_LEFT = 64 * 1024


class DiskFault(OSError):
    """An OSError whose text a user can act on."""


def disk_fault(fault: OSError, folder: Path, written: Path | None = None) -> DiskFault | None:
    """The fault in plain words, or None where it is not about writing into `folder`.

    written: the folder that was being filled, whose size tells how much was needed at least.
    """
    if isinstance(fault, DiskFault):
        return fault
    named = fault.filename is not None
    if named and not Path(os.fsdecode(fault.filename)).is_relative_to(folder):
        return None
    free, remedy = _free(folder), "give another folder (store=DIR)"
    if fault.errno in FULL or (fault.errno is None and free < _NOTHING_LEFT):
        come_to = bytes_in(written) if written else 0
        needed = f"more than {size(come_to)} needed, " if come_to else ""
        text = f"no space left in {folder}: {needed}{size(free)} left"
        remedy = f"make room (microplex-spec store gc) or {remedy}"
    elif fault.errno == errno.EROFS:
        text = f"{folder} is read-only"
    elif named and fault.errno in (errno.EACCES, errno.EPERM):
        text = f"{folder} may not be written by this user"
    elif named and fault.errno in _NO_FOLDER:
        text = f"{folder} cannot be written: a file stands where a folder should be"
    elif fault.errno in _NO_LOCKS:
        text = f"{folder} lies on a file system without locks"
    else:
        return None
    plain = DiskFault(f"{text}; {remedy}")
    plain.errno = fault.errno
    return plain


def bytes_in(folder: Path) -> int:
    """Size of all files below a folder; files that vanish meanwhile count nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size
        except FileNotFoundError:
            continue
    return total


def _free(folder: Path) -> int:
    """Bytes left on the disk of a folder, or of the nearest folder above it that exists."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return 0
