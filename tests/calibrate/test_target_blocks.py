"""The target matrix in blocks of households: on disk as in memory, however it is cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array
from test_target_matrix import CASES, row, small_population

from microplex_spec.calibrate.matrix_file import FILES, MatrixWriter, column_counts, join_matrices, read_matrix
from microplex_spec.calibrate.target_columns import blocks, lay_out
from microplex_spec.calibrate.target_matrix import compile_targets, make_ledger

ROWS = [
    row(f"t{number}", measure, entity, 0.5, where=where)
    for number, (entity, (where, _), (measure, _)) in enumerate(CASES)
]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, 14))
def test_any_cut_into_blocks_gives_the_bytes_of_the_whole(seed, size, tmp_path_factory):
    population, layout = small_population(seed), lay_out(ROWS)
    whole, folder = compile_targets(population, ROWS, 1, 0.05), tmp_path_factory.mktemp("blocks")
    bad = np.zeros(len(layout.columns), dtype=np.int64)
    with MatrixWriter(folder, len(layout.columns)) as writer:
        for block in blocks(population, layout, size):
            writer.add(block.matrix)
            bad += block.bad
    cut = read_matrix(folder)
    for name in FILES:
        np.testing.assert_array_equal(getattr(cut, name), getattr(whole.matrix, name))
    ledger = make_ledger(ROWS, layout, column_counts(cut, population.weights()), bad, 1, 0.05)
    assert ledger.equals(whole.ledger)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), cuts=st.lists(st.integers(0, 40), max_size=4))
def test_what_is_joined_from_files_is_what_was_written(seed, cuts, tmp_path_factory):
    whole = csr_array(random_array((40, 7), density=0.3, dtype=np.float32, rng=np.random.default_rng(seed)))
    whole.sort_indices()
    edges, folder = sorted([0, *cuts, 40]), tmp_path_factory.mktemp("parts")
    parts = [folder / str(number) for number in range(len(edges) - 1)]
    for part, start, stop in zip(parts, edges[:-1], edges[1:], strict=True):
        part.mkdir()
        with MatrixWriter(part, 7) as writer:
            writer.add(whole[start:stop])
    (folder / "joined").mkdir()
    assert join_matrices(parts, folder / "joined") == whole.nnz
    joined = read_matrix(folder / "joined")
    assert joined.shape == whole.shape and (joined != whole).nnz == 0
    weights = np.arange(40) % 3
    np.testing.assert_array_equal(column_counts(joined, weights), (whole.toarray()[weights > 0] != 0).sum(axis=0))


def test_a_stored_value_takes_eight_bytes_on_disk(tmp_path):
    matrix = csr_array(random_array((2_000, 50), density=0.5, dtype=np.float32, rng=np.random.default_rng(1)))
    with MatrixWriter(tmp_path, 50) as writer:
        writer.add(matrix)
    of_values = sum((tmp_path / f"{name}.npy").stat().st_size for name in ("indices", "data"))
    assert of_values <= 8 * matrix.nnz + 512


def test_targets_over_one_domain_share_its_columns():
    where = "age >= 18"
    rows = [row("n", where=where), row("m", "mean(wage)", where=where), row("s", "sum(wage)", where=where)]
    layout = lay_out(rows)
    assert len(layout.columns) == 3
    assert layout.denominator[1] == layout.fit[0] and layout.numerator[1] == layout.fit[2]


@pytest.mark.parametrize("status", ["duplicate", "contradictory"])
def test_a_target_that_was_set_aside_keeps_the_reason_for_it(status):
    rows = [
        row("a"),
        row("b", set_aside=[status, "says a"], family="people"),
        row("c", set_aside=[status, "x"], exclude="no"),
    ]
    ledger = compile_targets(small_population(2), rows, 1, 0.05).ledger.set_index("id")
    assert ledger["status"].to_dict() == {"a": "fitted", "b": status, "c": "excluded"}
    assert ledger.loc["b", "reason"] == "says a" and ledger.loc["b", "family"] == "people"
