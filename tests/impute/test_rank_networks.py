"""Networks of donor ranks: encoding, kernels against torch, what they learn, and what they leave as it was."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microplex_spec.impute._donor_ranks import DonorRanks
from microplex_spec.impute._encoding import Encoding
from microplex_spec.impute._flow import LEAST_BIN, Flow
from microplex_spec.impute._network_kernel import quantile_ranks, spline_ranks
from microplex_spec.impute._quantile_network import QuantileNetwork
from microplex_spec.impute._rank_network import LEAST_DONORS
from microplex_spec.impute._training import NetworkParams, train
from microplex_spec.spec.errors import SpecError

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("model", [QuantileNetwork, Flow])
SMALL = NetworkParams(hidden=16, networks=2, epochs=8, batch=256, learning_rate=0.01)
THOROUGH = NetworkParams(networks=1, batch=128, epochs=20, learning_rate=0.005, weight_decay=0.01)


def problem(n, seed=0, missing=0.1):
    """Two humps at 5 +- a, as no Gaussian has, three times as many below; one column in use, skewed, has holes."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.normal(size=n), np.exp(3 * rng.normal(size=n)), rng.integers(0, 3, n)]).astype(np.float32)
    side = np.where(rng.random(n) < 0.75, -1, 1)
    y = 5 * side + X[:, 0] + rng.normal(0, 0.3, n)
    X[rng.random(n) < missing, 1] = np.nan
    return X, y, np.exp(rng.normal(0, 0.7, n))


@pytest.fixture(scope="module")
def fitted():
    made = {model: model(THOROUGH).fit(*problem(4000), 0, "x") for model in (QuantileNetwork, Flow)}
    return made.__getitem__


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=40), st.integers(0, 10**6))
def test_a_rank_within_a_donors_interval_leads_back_to_its_value(values, seed):
    rng = np.random.default_rng(seed)
    y, w = np.array(values, float), np.exp(rng.normal(0, 2, len(values)))
    ranks = DonorRanks(y, w)
    low, high = ranks.interval_of(y)
    for within in (0.0, 0.5, 1 - 1e-9):
        np.testing.assert_array_equal(ranks.value_at(low + within * (high - low)), y)
    for value in np.unique(y):
        share = (high - low)[y == value]
        np.testing.assert_allclose(share, w[y == value].sum() / w.sum(), rtol=1e-9)
    np.testing.assert_array_equal(ranks.value_at(np.array([0.0, 1.0])), [y.min(), y.max()])


@settings(deadline=None)
@given(
    st.integers(1, 80), st.integers(1, 4), st.integers(2, 12), st.sampled_from([0.0, 0.3, 1.0]), st.integers(0, 10**6)
)
def test_tables_of_a_layer_give_what_the_layer_makes_of_the_encoding(n, p, most, missing, seed):
    rng = np.random.default_rng(seed)
    X = np.exp(rng.normal(0, 4, (n, p))).round(1).astype(np.float32)
    X[rng.random((n, p)) < missing] = np.nan
    encoding = Encoding().fit(X, np.exp(rng.normal(size=n)), most)
    assert encoding.knots_.shape[1] <= most
    encoded = encoding.encode(X)
    weight, bias = rng.normal(size=(5, encoded.shape[1])), rng.normal(size=5)
    tables, shifted = encoding.tables(weight, bias)
    expected = np.tile(shifted, (n, 1))
    for j, size in enumerate(encoding.sizes_):
        for i, x in enumerate(X[:, j]):
            if np.isnan(x) or not size:
                expected[i] += tables[j, -1]
            else:
                knots = encoding.knots_[j, :size]
                expected[i] += [np.interp(x, knots, tables[j, :size, unit]) for unit in range(5)]
    np.testing.assert_allclose(expected, encoded @ weight.T + bias, atol=1e-4)


def test_a_column_of_zeros_leaves_the_knots_to_its_amounts():
    x = np.where(np.arange(1000) % 20, 0, np.arange(1000) + 1.0)[:, None].astype(np.float32)
    knots = Encoding().fit(x, np.ones(1000), 12).knots_
    assert knots.shape == (1, 12) and (knots > 0).sum() >= 10


@BOTH
def test_the_compiled_pass_gives_the_outputs_of_torch(model):
    X, y, w = problem(600)
    network = model(SMALL)
    network.encoding_ = Encoding().fit(X, w, SMALL.knots)
    rows = network.encoding_.encode(X)
    layers, _ = train(rows, DonorRanks(y, w).interval_of(y), w, network.loss(), network.start(), SMALL, 0)
    expected = torch.from_numpy(rows)
    for weight, bias in layers[:-1]:
        expected = torch.relu(torch.nn.functional.linear(expected, torch.from_numpy(weight), torch.from_numpy(bias)))
    expected = torch.nn.functional.linear(expected, *map(torch.from_numpy, layers[-1])).numpy()
    from microplex_spec.impute._network_kernel import outputs

    found = outputs(X, network.encoding_.knots_, network.encoding_.sizes_, *network._arrays(layers))
    assert np.ptp(expected, axis=0).max() > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-4)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 12), st.floats(0.1, 2), st.integers(0, 10**6))
def test_a_spline_is_drawn_by_the_inverse_of_the_density_it_was_trained_by(bins, spread, seed):
    rng = np.random.default_rng(seed)
    score = rng.normal(0, spread, 3 * bins + 1).astype(np.float32)
    grid = (np.arange(20_000) + 0.5) / 20_000
    scores = torch.from_numpy(score).expand(len(grid), -1)
    surprise = Flow(NetworkParams(bins=bins)).loss()(scores, torch.from_numpy(grid.astype(np.float32)))
    density = np.exp(-surprise.numpy().astype(float))
    assert density.mean() == pytest.approx(1.0, abs=2e-3)
    u = np.sort(rng.random(200))
    drawn = spline_ranks(np.tile(score, (len(u), 1)), u, LEAST_BIN)
    assert (np.diff(drawn) >= 0).all() and drawn.min() >= 0 and drawn.max() <= 1
    reached = np.interp(drawn, grid + 0.5 / 20_000, np.cumsum(density) / 20_000)
    np.testing.assert_allclose(reached, u, atol=3e-3)


@given(st.integers(2, 12), st.floats(0.1, 30), st.integers(0, 10**6))
def test_quantiles_never_cross_and_span_the_donors_range(bins, spread, seed):
    rng = np.random.default_rng(seed)
    network = QuantileNetwork(NetworkParams(bins=bins))
    score = rng.normal(0, spread, bins).astype(np.float32)
    levels = network.levels()
    u = np.sort(np.concatenate([levels, rng.random(50)]))
    drawn = quantile_ranks(np.tile(score, (len(u), 1)), levels, u)
    assert (np.diff(drawn) >= -1e-15).all()
    assert drawn[0] == 0 and drawn[-1] == pytest.approx(1)
    quantiles = torch.softmax(torch.from_numpy(score), 0).cumsum(0).numpy()
    np.testing.assert_allclose(drawn[np.isin(u, levels)][1:], quantiles, atol=1e-5)


@BOTH
def test_the_outputs_before_training_are_the_donors_own_distribution(model):
    network = model(SMALL)
    u = np.linspace(0, 1, 101)
    start = np.tile(network.start().astype(np.float32), (101, 1))
    np.testing.assert_allclose(network.ranks_at(start, u), u, atol=1e-6)


@BOTH
def test_both_humps_of_the_conditional_distribution_are_learned_under_weights(fitted, model):
    X, y, _ = problem(4000, seed=1, missing=0)
    network, n = fitted(model), len(y)
    drawn = network.draw(X, 3, "a", np.arange(n))
    assert (drawn < 0).mean() == pytest.approx(0.75, abs=0.03)
    assert (np.abs(drawn - X[:, 0]) < 3).mean() < 0.04
    assert np.corrcoef(drawn[drawn < 0], X[drawn < 0, 0])[0, 1] > 0.6
    assert network.feature_importances_.argmax() == 0 and network.feature_importances_.sum() == pytest.approx(1)
    other = problem(4000)
    weighted = model(THOROUGH).fit(*other[:2], np.where(other[1] > 0, 9.0, 1.0), 0, "x")
    assert (weighted.draw(X, 3, "a", np.arange(n)) > 0).mean() == pytest.approx(9 * 0.25 / (9 * 0.25 + 0.75), abs=0.03)


@BOTH
def test_beyond_the_donors_range_a_predictor_counts_as_at_its_end(fitted, model):
    X, _, _ = problem(4000)
    ends = np.nanmin(X, axis=0), np.nanmax(X, axis=0)
    network, u = fitted(model), np.linspace(0, 0.999, 50)
    for end, beyond in zip(ends, (ends[0] - 1e30, ends[1] + 1e30), strict=True):
        at, far = (np.tile(row, (50, 1)).astype(np.float32) for row in (end, beyond))
        np.testing.assert_array_equal(network.rank(at, u), network.rank(far, u))


@BOTH
def test_a_fit_is_the_same_under_any_threads_and_leaves_torch_as_it_was(model):
    X, y, w = problem(1000)
    torch.manual_seed(11)
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    of_numpy = np.random.get_state()[1].copy()  # noqa: NPY002
    drawn = []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            numba.set_num_threads(count)
            network = model(SMALL).fit(X, y, w, 0, "x")
            assert torch.get_num_threads() == count
            drawn.append(network.draw(X, 1, "a", np.arange(len(X))).tobytes())
    finally:
        torch.set_num_threads(threads)
        numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    assert drawn[0] == drawn[1]
    assert torch.equal(torch.random.get_rng_state(), before)
    np.testing.assert_array_equal(np.random.get_state()[1], of_numpy)  # noqa: NPY002


@BOTH
def test_noise_teaches_nothing_and_training_ends_early(model):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(1500, 6)).astype(np.float32), rng.normal(size=1500)
    params = NetworkParams(epochs=60, patience=3)
    network = model(params).fit(X, y, np.ones(1500), 0, "x")
    for history in network.held_out_:
        assert len(history) - 1 - int(np.argmin(history)) == 3
    u = rng.random(1500)
    assert np.abs(network.rank(X, u) - u).mean() > 0 or network.feature_importances_.sum() == 0
    assert np.corrcoef(network.draw(X, 0, "a", np.arange(1500)), y)[0, 1] < 0.15


@BOTH
def test_too_few_or_equal_donors_are_drawn_from_by_weight(model):
    n = LEAST_DONORS - 1
    X, y, w = (part[:n] for part in problem(200))
    network = model(SMALL).fit(X, y, w, 0, "x")
    assert network.pooled_ and not network.feature_importances_.any()
    drawn = network.draw(np.zeros((50_000, 3), np.float32), 0, "a", np.arange(50_000))
    np.testing.assert_allclose([(drawn == value).mean() for value in y], w / w.sum(), atol=4e-3)
    constant = model(SMALL).fit(np.zeros((500, 1), np.float32), np.full(500, 7.0), np.ones(500), 0, "x")
    assert constant.pooled_ and (constant.draw(X[:, :1], 0, "a", np.arange(n)) == 7).all()


@BOTH
def test_predictors_that_never_vary_are_no_obstacle(model):
    y = np.random.default_rng(0).normal(size=400)
    X = np.full((400, 2), np.nan, np.float32)
    X[:, 1] = 3
    network = model(SMALL).fit(X, y, np.ones(400), 0, "x")
    drawn = network.draw(np.array([[np.nan, 3], [1, np.nan], [np.nan, 1e9]], np.float32), 0, "a", np.arange(3))
    assert np.isin(drawn, y).all()


def test_a_network_that_diverges_is_an_error_that_says_what_to_do():
    wild = NetworkParams(learning_rate=1e30, epochs=3)
    with pytest.raises(SpecError, match=r"the network diverged.*lower learning_rate"):
        Flow(wild).fit(*problem(500), 0, "x")
