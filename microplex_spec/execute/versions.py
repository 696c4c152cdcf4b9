"""Which versions a run is made with: those of Python and of the packages that can change a number."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from platform import python_version

PACKAGES = (
    "microplex-spec",
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "numba",
    "pyarrow",
    "policyengine-us",
    "policyengine-core",
    "taxcalc",
    "hydra-core",
)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change a number."""
    found = {"python": python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
