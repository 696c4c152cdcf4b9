"""Versions of the libraries that a backend's numbers come from: part of the keys of its steps."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.metadata import version

_DISTRIBUTIONS = {"sklearn": "scikit-learn"}


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """{distribution: version} of installed packages given by the name they are imported by."""
    names = sorted(_DISTRIBUTIONS.get(package, package) for package in packages)
    return {name: _version(name) for name in names}


# Every imputed variable asks for the same few, and looking one up reads the folders of all packages.
_version = cache(version)
