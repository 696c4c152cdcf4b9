"""A CSR matrix on disk: three .npy files, written a block of rows at a time, read by memory map."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

FILES: dict[str, np.dtype[Any]] = {
    "indptr": np.dtype(np.int64),
    "indices": np.dtype(np.int32),
    "data": np.dtype(np.float32),
}
"""Of each stored value 8 bytes: its column and itself."""
COLUMNS = "columns.npy"
CHUNK = 1 << 22


class MatrixWriter:
    """Writes blocks of rows, one below the other, without ever holding the whole.

    folder: an existing one. columns: of every block. To be used as a context.
    """

    def __init__(self, folder: Path, columns: int):
        self.folder, self.columns = folder, columns
        self.nonzeros = 0
        self._files: dict[str, BinaryIO] = {}
        self._lengths = dict.fromkeys(FILES, 0)

    def __enter__(self) -> Self:
        for name, dtype in FILES.items():
            self._files[name] = (self.folder / f"{name}.npy").open("wb")
            _write_header(self._files[name], dtype, 0)
        self._put("indptr", np.zeros(1))
        return self

    def add(self, block: Any) -> None:
        """The next rows: a CSR matrix with sorted columns."""
        self._put("indptr", block.indptr[1:].astype(np.int64) + self.nonzeros)
        for start in range(0, block.nnz, CHUNK):
            self._put("indices", block.indices[start : start + CHUNK])
            self._put("data", block.data[start : start + CHUNK])
        self.nonzeros += int(block.nnz)

    def _put(self, name: str, values: np.ndarray) -> None:
        self._files[name].write(np.ascontiguousarray(values, dtype=FILES[name]).data)
        self._lengths[name] += values.size

    def __exit__(self, *fault: object) -> None:
        for name, file in self._files.items():
            file.seek(0)
            _write_header(file, FILES[name], self._lengths[name])
            file.close()
        np.save(self.folder / COLUMNS, np.int64(self.columns))


def _write_header(file: BinaryIO, dtype: np.dtype[Any], length: int) -> None:
    """numpy pads headers so that a longer array's takes the same bytes; NEP 1."""
    np.lib.format.write_array_header_1_0(file, {"descr": dtype.str, "fortran_order": False, "shape": (length,)})


def read_matrix(folder: Path) -> Any:
    """The CSR matrix (rows, columns) of a folder, its arrays mapped read-only: what is not touched takes no memory."""
    from scipy.sparse import csr_array

    indptr, indices, data = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in FILES)
    shape = (indptr.size - 1, int(np.load(folder / COLUMNS)))
    # scipy wants both index arrays of one type: the short one, which is no copy of the long one, where it can be.
    pointers = indptr.astype(np.int32) if data.size <= np.iinfo(np.int32).max else np.asarray(indptr)
    matrix = csr_array((data, indices, pointers), shape=shape, copy=False)
    matrix.has_sorted_indices = matrix.has_canonical_format = True
    return matrix


def column_counts(matrix: Any, weights: np.ndarray) -> np.ndarray:
    """(columns,) stored values of each column in rows of positive weight, by blocks of rows. weights: (rows,)."""
    counts = np.zeros(matrix.shape[1], dtype=np.int64)
    cuts = np.searchsorted(matrix.indptr, np.arange(CHUNK, matrix.nnz, CHUNK))
    for start, stop in pairwise(np.unique([0, *cuts, matrix.shape[0]])):
        pointers = matrix.indptr[start : stop + 1]
        weighs = np.repeat(weights[start:stop] > 0, np.diff(pointers))
        counts += np.bincount(matrix.indices[pointers[0] : pointers[-1]][weighs], minlength=matrix.shape[1])
    return counts


def join_matrices(folders: Iterable[Path], into: Path) -> int:
    """Put the matrices of some folders one below the other; the number of stored values."""
    blocks = [read_matrix(folder) for folder in folders]
    with MatrixWriter(into, blocks[0].shape[1]) as writer:
        for block in blocks:
            writer.add(block)
    return writer.nonzeros
