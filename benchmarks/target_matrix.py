"""Compile 4,000 targets over 1.5 million households, and print seconds and peak memory against the matrix's own bytes.

    python benchmarks/target_matrix.py                        # needs 6 GB; a few minutes
    python benchmarks/target_matrix.py --households 150000    # a tenth of it

Households of one to five people with incomes of both signs, in 51 states; targets by state, age and income band, as
counts, sums, means and shares of persons and households. Peak memory is what compiling adds to the process that holds
the population (Linux). With --workers 2 each half is compiled by a process of its own, and both are joined.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from microplex_spec.calibrate.matrix_file import FILES, MatrixWriter, join_matrices
from microplex_spec.calibrate.target_columns import blocks, lay_out
from microplex_spec.population import Population
from microplex_spec.spec.entities import Entities, Entity

ENTITIES = Entities(
    {"household": Entity(name="household"), "person": Entity(name="person", within=("household",))},
)
MEASURES = [("person", "count()"), ("person", "sum(wage)"), ("person", "mean(wage)"), ("household", "share(rent > 0)")]


def population(households: int, seed: int) -> Population:
    g = np.random.default_rng(seed)
    sizes = g.integers(1, 6, households)
    people, home = int(sizes.sum()), np.arange(households)
    tables = {
        "household": pd.DataFrame(
            {
                "household_id": home,
                "state": g.integers(0, 51, households),
                "rent": np.maximum(0.0, g.normal(0, 1, households)).astype(np.float32),
                "design_weight": np.ones(households),
            }
        ),
        "person": pd.DataFrame(
            {
                "person_id": np.arange(people),
                "household_id": np.repeat(home, sizes),
                "age": g.integers(0, 100, people),
                "wage": (g.lognormal(10, 1, people) * g.choice([0, 1, -0.1], people)).astype(np.float32),
            }
        ),
    }
    return Population(ENTITIES, tables)


def targets(number: int) -> list[dict[str, Any]]:
    """By state and ten years of age; households by state and whether anybody of that age lives there."""
    found = []
    for index in range(number):
        of, measure = MEASURES[index % len(MEASURES)]
        state, band = index // len(MEASURES) % 51, index // (51 * len(MEASURES)) % 20
        age = f"age >= {band * 5} and age < {band * 5 + 10}"
        where = f"state == {state} and {age if of == 'person' else f'any({age})'}"
        found.append({"id": f"t{index}", "measure": measure, "of": of, "where": where, "value": 0.5, "role": "fit"})
    return found


def part(households: int, seed: int, number: int, folder: str) -> tuple[float, float, int]:
    """Seconds, bytes added to the process, and stored values, of one part."""
    people, layout = population(households, seed), lay_out(targets(number))
    begun, before = time.perf_counter(), _reset_peak()
    with MatrixWriter(Path(folder), len(layout.columns)) as writer:
        for block in blocks(people, layout):
            writer.add(block.matrix)
    return time.perf_counter() - begun, _peak() - before, writer.nonzeros


def joined(folders: list[str], into: str) -> tuple[float, float]:
    begun, before = time.perf_counter(), _reset_peak()
    join_matrices(map(Path, folders), Path(into))
    return time.perf_counter() - begun, _peak() - before


def _reset_peak() -> float:
    """Bytes resident now, with the peak set to it."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def _peak() -> float:
    return _status("VmHWM")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return float(next(line for line in lines if line.startswith(name)).split()[1]) * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--households", type=int, default=1_500_000)
    parser.add_argument("--targets", type=int, default=4_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    asked = parser.parse_args()
    for workers in asked.workers:
        with (
            tempfile.TemporaryDirectory() as name,
            ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool,
        ):
            folders = [str(Path(name) / str(number)) for number in range(workers + 1)]
            for folder in folders:
                Path(folder).mkdir()
            size = asked.households // workers
            begun = time.perf_counter()
            made = [pool.submit(part, size, seed, asked.targets, folders[seed]) for seed in range(workers)]
            parts = [future.result() for future in made]
            seconds, added = pool.submit(joined, folders[:-1], folders[-1]).result() if workers > 1 else (0.0, 0.0)
            whole = sum((Path(folders[-1 if workers > 1 else 0]) / f"{file}.npy").stat().st_size for file in FILES)
            slowest = max(took for took, _, _ in parts)
            print(
                f"{workers} workers: {slowest:6.1f} s compiling, {seconds:5.1f} s joining, "
                f"{time.perf_counter() - begun:6.1f} s with the population; matrix {whole / 1e9:.2f} GB, "
                f"{sum(n for _, _, n in parts) / 1e6:.0f} M values; "
                f"a part adds {max(b for _, b, _ in parts) / 1e9:.2f} GB, the join {added / 1e9:.2f} GB"
            )


if __name__ == "__main__":
    main()
