"""Calls and inputs that an imputer must refuse, with what it says about them."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from microplex_spec.impute import ImputerCapabilities, make_imputer, serving
from microplex_spec.impute.qrf import Qrf
from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.registry import IMPUTERS

X = np.random.default_rng(0).normal(size=(200, 3))
Y = np.abs(X[:, 0]) + 1
EACH = pytest.mark.parametrize("name", IMPUTERS.names())


def test_an_unknown_imputer_is_named_with_its_nearest():
    with pytest.raises(SpecError, match=r"unknown imputer 'qrff' \(did you mean 'qrf'\?\)"):
        make_imputer("qrff")


def test_every_wrong_parameter_is_reported_at_once():
    with pytest.raises(SpecError) as caught:
        make_imputer("qrf", regime="zero_inflatd", treees=5, leaf=0, transform="ranks", max_samples=1.5)
    text = str(caught.value)
    for expected in (
        "did you mean 'trees'?",
        "did you mean 'zero_inflated'?",
        "leaf must be a whole number of at least 1, got 0",
        "did you mean 'rank'?",
        "max_samples must be a share in (0, 1], got 1.5",
    ):
        assert expected in text


def test_an_unknown_gate_is_named_with_the_known_ones():
    with pytest.raises(SpecError, match=r"unknown gate 'hist' .*hist_gb"):
        make_imputer("regime_aware", gate="hist")


@EACH
def test_resolved_parameters_hold_every_default(name):
    imputer = make_imputer(name, regime="positive", stream="x")
    assert {"regime": "positive", "stream": "x", "seed": 0}.items() <= imputer.get_params().items()
    assert type(imputer)(**imputer.get_params()).get_params() == imputer.get_params()
    assert repr(imputer) == f"{type(imputer).__name__}(regime='positive', stream='x')"


def capabilities_without(regime):
    row = Qrf.capabilities
    return ImputerCapabilities(
        regimes=row.regimes - {regime},
        weights=True,
        seeded=True,
        min_rows=1,
        missing_predictors=False,
        exact_donor_values=True,
        needs=("numba", "a_package_that_is_not_there"),
    )


def test_a_regime_that_a_backend_lacks_is_an_error_that_names_who_serves_it(monkeypatch):
    lacking = capabilities_without("three_sign")
    monkeypatch.setattr(Qrf, "capabilities", ImputerCapabilities(**{**vars(lacking), "needs": ()}))
    with pytest.raises(SpecError, match=r"'qrf' lacks regime 'three_sign' .*served by: .*regime_aware"):
        make_imputer("qrf", regime="three_sign")
    with pytest.raises(SpecError, match="lacks regime 'three_sign'"):
        make_imputer("qrf").fit(X, np.round(X[:, 0]) * 1.5)
    assert "qrf" not in serving("three_sign") and "qrf" in serving("positive")


def test_a_missing_package_and_missing_predictors_are_errors_of_the_backend(monkeypatch):
    monkeypatch.setattr(Qrf, "capabilities", capabilities_without("two_sign"))
    with pytest.raises(SpecError, match="needs the package 'a_package_that_is_not_there'"):
        make_imputer("qrf")
    holes = X.copy()
    holes[:5, 1] = np.nan
    with pytest.raises(SpecError, match="predictor 1: 5 values are missing"):
        Qrf().fit(holes, Y)


@EACH
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.where(X > 2, np.inf, X)}, r"predictor 0: \d+ values are infinite"),
        ({"X": np.where(X > 2, 1e300, X)}, "beyond the range of float32"),
        ({"X": X[:, 0]}, r"predictors must be numbers \(n, p\)"),
        ({"X": X[:, :0]}, "no predictors"),
        ({"X": pd.DataFrame({"state": ["NO"] * 200})}, "predictor 'state' is not numeric"),
        ({"y": np.where(Y > 2, np.nan, Y)}, r"\d+ of 200 donor values are missing or infinite"),
        ({"y": np.where(Y > 2, -np.inf, Y)}, r"\d+ of 200 donor values are missing or infinite"),
        ({"y": Y[:10]}, "donor values have shape"),
        ({"y": np.array(["a"] * 200)}, "donor values are not numeric"),
        ({"sample_weight": np.zeros(200)}, "all 200 design weights are zero"),
        ({"sample_weight": np.where(Y > 2, -1, 1)}, r"\d+ of 200 design weights are negative"),
        ({"sample_weight": np.where(Y > 2, np.nan, 1)}, r"\d+ of 200 design weights are missing"),
        ({"sample_weight": np.ones(3)}, "design weights have shape"),
        ({"X": X[:0], "y": Y[:0]}, "too few donors"),
    ],
)
def test_unusable_donors_are_refused_with_counts(name, change, message):
    with pytest.raises(SpecError, match=message):
        make_imputer(name).fit(**{"X": X, "y": Y, **change})


@EACH
def test_unusable_recipients_are_refused(name):
    frame = pd.DataFrame(X, columns=["age", "wages", "state_fips"])
    imputer = make_imputer(name).fit(frame, Y)
    with pytest.raises(SpecError, match="predictor 'wages': 1 values are infinite"):
        imputer.draw(frame.assign(wages=np.r_[np.inf, X[1:, 1]]), 0)
    with pytest.raises(SpecError, match=r"predictor 'wages' is absent \(did you mean 'wage'\?\)"):
        imputer.draw(frame.rename(columns={"wages": "wage"}), 0)
    with pytest.raises(SpecError, match="2 predictors given, 3 were fitted on"):
        imputer.draw(X[:, :2], 0)
    for ids in (np.arange(3), -np.arange(200), np.linspace(0, 1, 200)):
        with pytest.raises(SpecError, match="record ids must be 200 non-negative integers"):
            imputer.draw(frame, 0, ids)
    with pytest.raises(ValueError, match="not fitted yet"):
        make_imputer(name).draw(X, 0)


@EACH
def test_columns_of_a_frame_are_taken_by_name(name):
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    imputer = make_imputer(name).fit(frame, Y)
    shuffled = frame[["c", "a", "b"]].assign(extra="text")
    np.testing.assert_array_equal(imputer.draw(shuffled, 0), imputer.draw(frame, 0))


def test_nullable_and_boolean_columns_are_numbers_with_missing_values():
    frame = pd.DataFrame({"a": pd.array([1, None, 3, 4], "Int64"), "b": [True, False, True, True]})
    assert make_imputer("qrf").fit(frame, pd.Series([1, 2, 3, 4], dtype="Int64")).n_donors_ == 4


def test_backends_load_without_their_heavy_packages():
    code = (
        "import sys; from microplex_spec.spec.registry import IMPUTERS; "
        "[IMPUTERS.load(name) for name in IMPUTERS.names()]; "
        "print([p for p in ('sklearn', 'numba', 'scipy', 'torch') if p in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", IMPUTERS.names())
def test_two_variables_drawn_with_one_seed_and_no_stream_share_no_uniforms(name):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(4000, 2))
    draws = []
    for _ in range(2):
        y = np.where(rng.random(4000) < 0.5, 0.0, rng.exponential(10.0, 4000))
        draws.append(make_imputer(name, regime="zero_inflated").fit(X, y).draw(X, seed=1) == 0)
    assert abs(np.corrcoef(*draws)[0, 1]) < 0.1
