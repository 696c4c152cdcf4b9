"""What every imputer is: a capability row, a cost function, a code version, and `fit` and `draw`.

A backend is one module with one subclass of `Imputer` (`_fit`, `_draw`, `predict_cost`) and one entry point.
"""

from __future__ import annotations

import hashlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ..spec.cost import Cost, ImputeShape
from ..spec.errors import Problem, SpecError
from ..spec.libraries import versions_of
from ..spec.regimes import AUTO, REGIMES, Regime, Support, check_regime, infer_regime, observed_support, stray_mask
from . import params
from .arrays import design_weights, finite_values, is_frame, predictor_matrix, record_ids


@dataclass(frozen=True)
class ImputerCapabilities:
    """What a backend can serve; read by the compiler to choose among backends without running any.

    weights: design weights shape both the fit and the draw. seeded: same seed, same bytes.
    missing_predictors: NaN among predictors is routed, not refused. exact_donor_values: every draw is a value
    that some donor has. needs: packages that must be importable beyond numpy and pandas.
    """

    regimes: frozenset[str]
    weights: bool
    seeded: bool
    min_rows: int
    missing_predictors: bool
    exact_donor_values: bool
    needs: tuple[str, ...] = ()


class Imputer(ABC):
    """An estimator of the distribution of one variable given predictors, from which values are drawn.

    Parameters of all backends: regime (a name, or "auto": inferred from the donors), seed (of the fit), stream
    (the variable's name, else a digest of its values: two variables never share uniforms), stray_tolerance
    (share of the donors' weight that may lie outside the regime; such donors are left out of training).

    After fit: `regime_` (Regime), `support_` (Support of the donors used), `n_donors_`, `n_strays_`,
    `n_features_in_`, `feature_names_in_` (None for an array), `feature_importances_` (p,).
    """

    version: ClassVar[int]
    capabilities: ClassVar[ImputerCapabilities]

    regime_: Regime
    support_: Support
    n_donors_: int
    n_strays_: int
    n_features_in_: int
    feature_names_in_: list[str] | None
    feature_importances_: np.ndarray
    stream_: str

    def __init__(self, regime: str = AUTO, seed: int = 0, stream: str = "", stray_tolerance: float = 0.005):
        self.regime = regime
        self.seed = seed
        self.stream = stream
        self.stray_tolerance = stray_tolerance

    @abstractmethod
    def _fit(self, X: np.ndarray, y: np.ndarray, w: np.ndarray, regime: Regime) -> None:
        """Learn from clean donors: X float32 (n, p), y (n,) within the regime, w (n,) positive, mean one."""

    @abstractmethod
    def _draw(self, X: np.ndarray, seed: int, ids: np.ndarray) -> np.ndarray:
        """Draw one value per row of X float32 (n, p); each depends only on its row, seed, stream and id."""

    @classmethod
    @abstractmethod
    def predict_cost(cls, shape: ImputeShape, settings: Mapping[str, Any] | None = None) -> Cost:
        """Predicted cost of a fit and a draw of this shape; settings override the constructor's defaults."""

    @classmethod
    def libraries(cls) -> dict[str, str]:
        """Versions of the packages that decide its draws."""
        return versions_of({"numpy", *cls.capabilities.needs})

    def problems(self) -> list[Problem]:
        """What is wrong with the parameters, all at once; backends add theirs."""
        return [
            *params.one_of("regime", self.regime, [*REGIMES, AUTO]),
            *params.whole_number("seed", self.seed, 0),
            *params.share("stray_tolerance", self.stray_tolerance, zero_ok=True),
        ]

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn the distribution of y given X under design weights; donors of zero weight are left out.

        X: (n, p) array or DataFrame, NaN where missing; y: (n,) finite; sample_weight: (n,), none negative.
        Raises SpecError for wrong parameters, infinities, unusable weights, too few donors, or a regime that
        the donors contradict.
        """
        found = self.problems()
        if found:
            raise SpecError(found)
        names = list(X.columns) if is_frame(X) else None
        matrix = predictor_matrix(X, names, self.capabilities.missing_predictors)
        values, weights = finite_values(y, len(matrix)), design_weights(sample_weight, len(matrix))
        regime, used = self.usable_donors(values, weights)
        strays = int(np.count_nonzero(weights)) - int(np.count_nonzero(used))
        matrix, values, weights = matrix[used], values[used], weights[used]
        self.regime_ = regime
        self.support_ = observed_support(values, weights)
        self.n_donors_ = len(values)
        self.n_strays_ = strays
        self.n_features_in_ = matrix.shape[1]
        self.feature_names_in_ = names
        self.stream_ = self.stream or hashlib.sha256(values.tobytes()).hexdigest()[:16]
        self._fit(matrix, values, weights / weights.mean(), regime)
        return self

    def usable_donors(self, y: np.ndarray, w: np.ndarray) -> tuple[Regime, np.ndarray]:
        """The regime in force and the donors (n,) bool that `fit` would learn from: with weight, and within the regime.

        y (n,) finite, w (n,) none negative. Raises SpecError for too few donors, a regime that the backend lacks, and
        one that the donors contradict; needs no predictors, so that it can be asked long before a fit.
        """
        weighted = w > 0
        self._check_enough(int(weighted.sum()), "with weight")
        regime, strays = self._resolve_regime(y[weighted], w[weighted])
        used = weighted.copy()
        used[weighted] = ~strays
        self._check_enough(int(used.sum()), f"with weight and within regime {regime.name!r}")
        return regime, used

    def _check_enough(self, donors: int, which: str) -> None:
        least = self.capabilities.min_rows
        if donors < least:
            raise SpecError(f"too few donors: {donors:,} {which}, {type(self).__name__} needs {least:,}")

    def _resolve_regime(self, y: np.ndarray, w: np.ndarray) -> tuple[Regime, np.ndarray]:
        """The regime in force and the strays (n,) to leave out; SpecError where the donors contradict it."""
        support = observed_support(y, w)
        regime = infer_regime(support) if self.regime == AUTO else REGIMES[self.regime]
        if regime.name not in self.capabilities.regimes:
            raise SpecError(f"{type(self).__name__} lacks regime {regime.name!r}, which the donors have")
        against = check_regime(regime, support, self.stray_tolerance)
        if against:
            hint = f"the donors fit {infer_regime(support).name!r}"
            raise SpecError(Problem(message, hint=hint) for message in against)
        return regime, stray_mask(regime, y)

    def draw(self, X: Any, seed: int, ids: Any = None) -> np.ndarray:
        """One value per recipient, drawn from its conditional distribution: float64 (n,).

        X: predictors as in fit. ids: (n,) record ids, 0..n-1 if None; a value depends on its own row,
        the seed, the stream and its id only: draw(X[a:b], seed, ids[a:b]) is draw(X, seed, ids)[a:b], bit by
        bit.
        Raises SpecError for infinities, for columns other than in fit, and for ids that are no such integers.
        """
        matrix = self._matrix(X)
        return self._draw(matrix, seed, record_ids(ids, len(matrix)))

    def _matrix(self, X: Any) -> np.ndarray:
        """Predictors as they were fitted on: float32 (n, p)."""
        if not hasattr(self, "n_features_in_"):
            raise ValueError("not fitted yet: call fit first")
        matrix = predictor_matrix(X, self.feature_names_in_, self.capabilities.missing_predictors)
        if matrix.shape[1] != self.n_features_in_:
            raise SpecError(f"{matrix.shape[1]} predictors given, {self.n_features_in_} were fitted on")
        return matrix

    @classmethod
    def param_defaults(cls) -> dict[str, Any]:
        """Every parameter of the constructor with its default: the closed world of names."""
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
        return {parameter.name: parameter.default for parameter in parameters}

    def get_params(self) -> dict[str, Any]:
        """The resolved parameters, nothing implied."""
        return {name: getattr(self, name) for name in self.param_defaults()}

    def __repr__(self) -> str:
        defaults = self.param_defaults()
        changed = {name: value for name, value in self.get_params().items() if value != defaults[name]}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in changed.items())})"
