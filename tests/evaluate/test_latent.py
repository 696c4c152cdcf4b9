"""PRDC in latent space: seeded, fitted on training rows only, blind to nothing that breaks relations."""

import numpy as np
import pytest

from microplex_spec.evaluate import prdc
from microplex_spec.evaluate.latent import fit_encoder, latent_prdc
from microplex_spec.spec.errors import SpecError

torch = pytest.importorskip("torch")


def records(rows, seed, noise=0.1):
    """Ten columns that follow two hidden causes, in dollars."""
    rng = np.random.default_rng(seed)
    causes = rng.normal(size=(rows, 2))
    mix = np.random.default_rng(99).normal(size=(2, 10))
    return np.exp(causes @ mix + noise * rng.normal(size=(rows, 10)))


@pytest.fixture(scope="module")
def encoder():
    return fit_encoder(records(2_000, 0), latent=2, hidden=32, epochs=40, batch=128, seed=3)


def test_two_numbers_hold_most_of_what_two_causes_make(encoder):
    assert encoder(records(10, 1)).shape == (10, 2)
    assert encoder.lost < 0.1


def test_the_same_seed_gives_the_same_bytes_whatever_the_threads_and_the_global_random_state():
    train = records(300, 0)
    before = torch.random.get_rng_state()
    threads = torch.get_num_threads()
    codes = []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            codes.append(fit_encoder(train, epochs=3, seed=5)(train))
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(threads)
    assert codes[0].tobytes() == codes[1].tobytes()
    assert torch.equal(torch.random.get_rng_state(), before)
    assert (fit_encoder(train, epochs=3, seed=6)(train) != codes[0]).any()


def test_a_row_has_one_code_whatever_rows_stand_beside_it(encoder):
    rows = records(5_000, 2)
    np.testing.assert_allclose(encoder(rows)[4_500:], encoder(rows[4_500:]), rtol=1e-4, atol=1e-5)


def test_fresh_records_score_high_and_those_with_shuffled_columns_low(encoder):
    real, fresh = records(800, 4), records(800, 5)
    rng = np.random.default_rng(0)
    shuffled = np.column_stack([rng.permutation(column) for column in fresh.T])
    good, bad = latent_prdc(encoder, real, fresh), latent_prdc(encoder, real, shuffled)
    assert good["coverage"] > 0.9 and good["density"] > 0.8
    assert bad["coverage"] < good["coverage"] - 0.1
    assert good == prdc(encoder(real), encoder(fresh))


def test_weights_say_which_records_must_come_back(encoder):
    train = np.vstack([records(300, 0), records(300, 1)[:, ::-1]])
    first = np.repeat([1.0, 0.0], 300)
    apart = [fit_encoder(train, w, latent=1, epochs=40, batch=64, seed=1).lost for w in (first, None)]
    assert apart[0] < apart[1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"latent": 0, "epochs": 0}, "epochs = 0.*\n.*latent = 0"),
        ({"learning_rate": np.nan}, "learning_rate"),
        ({"weights": [0.0] * 20}, "all 20 are zero"),
    ],
)
def test_settings_that_cannot_be_fitted_are_refused_at_once(settings, message):
    with pytest.raises(SpecError, match=message):
        fit_encoder(records(20, 0), **settings)


def test_rows_with_other_columns_have_no_code(encoder):
    with pytest.raises(SpecError, match="9 columns, the training rows 10"):
        encoder(records(5, 0)[:, 1:])
