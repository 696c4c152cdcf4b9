"""The kinds of steps: what each leaves behind, whether it is kept, and the version of its code.

Raise `version` whenever a kind's code gives other results for the same inputs: its old artifacts are then redone.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of step. A checkpoint is worth keeping: redoing it costs more than reading it."""

    version: int
    outputs: tuple[str, ...]
    checkpoint: bool
    checkpoint_reason: str


_ALWAYS = "recomputing costs more than writing, and a killed build goes on from here"
_CHEAP = "made from other artifacts in about the time that writing takes"

KINDS: dict[str, Kind] = {
    "load": Kind(1, ("population",), True, "reading the source again costs more than reading its parquet"),
    "uprate": Kind(1, ("population",), True, "every imputation reads it"),
    "impute": Kind(2, ("column.parquet", "record.json"), True, _ALWAYS),
    "derive": Kind(1, ("column.parquet", "record.json"), True, "later steps read it"),
    "rate": Kind(1, ("column.parquet", "record.json"), True, "later steps read it"),
    "simulate": Kind(1, ("columns",), True, _ALWAYS),
    "targets": Kind(
        4,
        ("indptr.npy", "indices.npy", "data.npy", "columns.npy", "ledger.parquet"),
        True,
        "calibrations with other settings share it",
    ),
    "calibrate": Kind(5, ("weights.parquet", "ledger.parquet", "result.json"), True, _ALWAYS),
    "evaluate": Kind(
        3,
        ("targets.csv", "benchmarks.csv", "imputation.csv", "weights.json", "holdout.json", "distributions.json"),
        False,
        _CHEAP,
    ),
    "export": Kind(1, ("tables", "population.h5"), False, _CHEAP),
    "check": Kind(1, ("checks.csv",), False, _CHEAP),
    "report": Kind(1, ("report.html",), False, _CHEAP),
}
