"""PRDC in blocks: the definition written out, the prdc package's figures by hand, ties, memory, bad input."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import pairwise_distances

from microplex_spec.evaluate import prdc
from microplex_spec.spec.errors import SpecError


def written_out(real, synthetic, k):
    """The four scores from whole matrices of squared distances."""

    def squared(a, b):
        return ((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=2)

    def radii(a):
        distances = squared(a, a)
        np.fill_diagonal(distances, np.inf)
        return np.sort(distances, axis=1)[:, k - 1]

    between, r, f = squared(real, synthetic), radii(real), radii(synthetic)
    in_real = between < r[:, None]
    return {
        "precision": in_real.any(axis=0).mean(),
        "recall": (between < f[None, :]).any(axis=1).mean(),
        "density": in_real.sum(axis=0).mean() / k,
        "coverage": in_real.any(axis=1).mean(),
    }


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(7, 60),
    m=st.integers(7, 60),
    p=st.integers(1, 6),
    k=st.integers(1, 6),
    levels=st.integers(1, 6),
    block_bytes=st.integers(1, 5_000),
    threads=st.integers(1, 3),
)
def test_ties_and_copies_are_decided_exactly_whatever_the_blocks(seed, n, m, p, k, levels, block_bytes, threads):
    rng = np.random.default_rng(seed)
    real, synthetic = (rng.integers(0, levels, (rows, p)) * 0.25 for rows in (n, m))
    scores = prdc(real, synthetic, k, threads=threads, block_bytes=block_bytes)
    assert scores == pytest.approx(written_out(real, synthetic, k), abs=1e-12)


@pytest.mark.parametrize("scale", [1e-25, 1.0, 1e150])
def test_scores_equal_those_of_scikit_learns_distances(scale):
    rng = np.random.default_rng(3)
    real = rng.standard_t(3, size=(700, 20)) * scale
    synthetic = np.vstack([real[:100] + rng.normal(size=(100, 20)) * 0.3 * scale, rng.normal(size=(500, 20)) * scale])
    k = 5
    r, f = (np.sort(pairwise_distances(rows), axis=1)[:, k] for rows in (real, synthetic))
    between = pairwise_distances(real, synthetic)
    assert prdc(real, synthetic, k) == pytest.approx(
        {
            "precision": (between < r[:, None]).any(axis=0).mean(),
            "recall": (between < f[None, :]).any(axis=1).mean(),
            "density": (between < r[:, None]).sum(axis=0).mean() / k,
            "coverage": (between.min(axis=1) < r).mean(),
        },
        abs=1e-12,
    )


def test_four_points_on_a_line_by_hand():
    real, synthetic = np.array([[0.0], [1.0], [3.0]]), np.array([[0.5], [2.5], [9.0]])
    # Real balls reach 1, 1, 2 and synthetic ones 2, 2, 6.5; (3, 0.5), (3, 2.5) and (0, 0.5), (1, 0.5) are near.
    assert prdc(real, synthetic, k=1) == pytest.approx(
        {"precision": 2 / 3, "recall": 1.0, "density": 3 / 3, "coverage": 1.0}
    )


def test_the_sample_itself_scores_full_marks_but_for_the_rims_and_far_away_rows_score_nothing():
    real = np.random.default_rng(0).normal(size=(300, 5))
    same = prdc(real, real, k=3)
    assert same["precision"] == same["recall"] == same["coverage"] == 1.0
    assert set(prdc(real, real + 1e4, k=3).values()) == {0.0}


@pytest.mark.parametrize("huge", [1e4, 1e9, 1e30])
def test_a_huge_row_beside_small_ones_does_not_blur_their_distances(huge):
    rng = np.random.default_rng(1)
    real, synthetic = rng.normal(size=(80, 4)), rng.normal(size=(90, 4))
    real[0], synthetic[5] = huge, -huge
    assert prdc(real, synthetic, 4) == pytest.approx(written_out(real, synthetic, 4), abs=1e-12)


def test_a_cap_takes_a_seeded_sample_of_each_side():
    rng = np.random.default_rng(5)
    real, synthetic = rng.normal(size=(500, 3)), rng.normal(size=(400, 3))
    assert prdc(real, synthetic, cap=120, seed=1) == prdc(real, synthetic, cap=120, seed=1)
    assert prdc(real, synthetic, cap=120, seed=1) != prdc(real, synthetic, cap=120, seed=2)
    assert prdc(real, synthetic, cap=500) == prdc(real, synthetic)


def test_memory_is_that_of_the_blocks_and_not_of_all_pairs():
    rng = np.random.default_rng(0)
    real, synthetic = rng.normal(size=(3_000, 4)), rng.normal(size=(3_000, 4))
    prdc(real[:10], synthetic[:10])
    tracemalloc.start()
    prdc(real, synthetic, threads=1, block_bytes=1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000, "all pairs in double precision take 72 MB"


def test_tables_of_numbers_and_booleans_are_read_as_they_are():
    rng = np.random.default_rng(2)
    table = pd.DataFrame({"wages": rng.normal(size=60), "married": rng.random(60) < 0.5})
    assert prdc(table, table[::-1]) == prdc(table.to_numpy(float), table.to_numpy(float)[::-1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda real, fake: (real.mask(real > 2), fake),
            r"real rows: column 'b' has \d+ missing or infinite values of 50",
        ),
        (lambda real, fake: (real, fake.replace(fake.iloc[3, 0], np.inf)), "synthetic rows: column 'a' has 1 missing"),
        (lambda real, fake: (real[:5], fake), "real rows: 5 rows, at least 6 are needed"),
        (lambda real, fake: (real, fake[["a"]]), "real rows have 2 columns, synthetic rows 1"),
        (lambda real, fake: (real, fake[["b", "a"]]), "real rows have the column 'a' where synthetic rows have 'b'"),
        (lambda real, fake: (real.astype(str), fake), "real rows must be numbers"),
        (lambda real, fake: (real["a"], fake), "real rows must be numbers"),
        (lambda real, fake: (real[[]], fake[[]]), "no columns"),
    ],
)
def test_rows_that_cannot_be_compared_are_refused_by_name(change, message):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.random(50), "b": rng.random(50) * 4})
    with pytest.raises(SpecError, match=message):
        prdc(*change(table, table.copy()))


@pytest.mark.parametrize("settings", [{"k": 0}, {"k": 5, "cap": 5}])
def test_a_number_of_neighbours_that_no_row_has_is_refused(settings):
    rows = np.random.default_rng(0).random((50, 2))
    with pytest.raises(SpecError, match="neighbours"):
        prdc(rows, rows, **settings)
