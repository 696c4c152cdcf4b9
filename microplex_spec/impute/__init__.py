"""Imputation: draw what one survey lacks from the conditional distribution seen in another."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from ..spec.errors import Problem, Problems, SpecError
from ..spec.regimes import AUTO
from ..spec.registry import IMPUTERS
from .base import Cost, Imputer, ImputerCapabilities, ImputeShape

__all__ = ["Cost", "ImputeShape", "Imputer", "ImputerCapabilities", "make_imputer"]


def make_imputer(name: str, regime: str = AUTO, **params: Any) -> Imputer:
    """An unfitted imputer: `.fit(X, y, sample_weight=None)`, then `.draw(X, seed)`.

    Raises SpecError, with every problem at once, for an unknown backend, regime or parameter, a parameter out
    of range, a regime that the backend does not serve (naming those that do), or a package that is not there.
    """
    backend: type[Imputer] = IMPUTERS.load(name)
    found = Problems()
    known = backend.param_defaults()
    for param in params.keys() - known.keys():
        found.unknown(f"parameter of imputer {name!r}:", param, known)
    imputer = backend(regime=regime, **{param: value for param, value in params.items() if param in known})
    found.found.extend(imputer.problems())
    for package in backend.capabilities.needs:
        if find_spec(package) is None:
            found.add(f"imputer {name!r} needs the package {package!r}, which is not installed")
    found.raise_if_any()
    if regime != AUTO and regime not in backend.capabilities.regimes:
        others = ", ".join(serving(regime)) or "none of those installed"
        raise SpecError(Problem(f"imputer {name!r} lacks regime {regime!r}", hint=f"it is served by: {others}"))
    return imputer


def serving(regime: str) -> list[str]:
    """The names of the imputers whose capability row lists the regime."""
    return [name for name in IMPUTERS.names() if regime in IMPUTERS.load(name).capabilities.regimes]
