"""Names of a source's files in plans and manifests: as short as tells them apart, the same on every machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path


def named_files(paths: Iterable[Path]) -> dict[str, Path]:
    """Each file by the end of its path: person.csv, or 2013/person.csv where another file is called so too."""
    paths = [path.resolve() for path in dict.fromkeys(paths)]
    names = {path: path.name for path in paths}
    for parts in range(2, max((len(path.parts) for path in paths), default=0) + 1):
        counts = Counter(names.values())
        names |= {path: "/".join(path.parts[-parts:]) for path, name in names.items() if counts[name] > 1}
    return {name: path for path, name in names.items()}
