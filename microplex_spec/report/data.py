"""Reads a run folder into plain records. Files that a failed build never wrote are read as empty."""

from __future__ import annotations

import csv
import hashlib
import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..plan import Plan
from ..plan.graph import Node
from ..plan.run_files import read_manifest, read_object, reading
from ..spec.errors import SpecError

NAN = math.nan
_EVALUATED = ("targets.csv", "benchmarks.csv", "imputation.csv", "weights.json")


@dataclass(frozen=True)
class Target:
    """A published figure and what the file says of it, before and after calibration. Errors are signed shares.

    error_held_out: of the estimate by weights fitted without the target's family; NaN where it was never left out.
    """

    id: str
    role: str
    status: str
    reason: str
    value: float
    initial: float
    final: float
    error_initial: float
    error_final: float
    error_held_out: float
    tolerance: float
    support: float
    source: str
    unit: str
    url: str
    agency: str
    family: str

    @property
    def left_out(self) -> bool:
        """Whether it neither moves a weight nor is compared."""
        return self.status not in ("fitted", "holdout", "monitor")

    @property
    def error_out_of_sample(self) -> float:
        """The error of an estimate that knew nothing of the target's family; NaN for a target without one."""
        return self.error_final if self.status == "holdout" else self.error_held_out

    @property
    def series(self) -> str:
        """The dotted id without its last part, which tells the cells of one table row or column apart."""
        return self.id.rpartition(".")[0] or self.id


@dataclass(frozen=True)
class Benchmark:
    """A total that users will compute from the file, against the published one."""

    id: str
    engine: str
    variable: str
    period: str
    concept: str
    computed: float
    value: float
    error: float
    in_sample: bool
    source: str
    url: str
    unit: str
    notes: str


@dataclass(frozen=True)
class Shares:
    """Weighted shares of zeros, negatives and positives, and the mean. NaN where unknown."""

    zero: float
    negative: float
    positive: float
    mean: float


@dataclass(frozen=True)
class Histogram:
    """Shares of the nonzero weighted mass in bins of one variable; `truth` is None where nothing is known."""

    edges: tuple[float, ...]
    donor: tuple[float, ...]
    drawn: tuple[float, ...]
    truth: tuple[float, ...] | None


@dataclass(frozen=True)
class Imputed:
    """An imputed variable: how its draws compare with the donors, and with the truth where that was kept aside."""

    variable: str
    label: str
    unit: str
    regime: str
    backend: str
    rows: float
    donor: Shares
    drawn: Shares
    truth: Shares
    ks_donor: float
    ks_truth: float
    seconds: float
    strays: str
    histogram: Histogram | None
    importances: dict[str, float]


@dataclass(frozen=True)
class Definition:
    """How the spec makes a variable; fields that say nothing of it are empty."""

    name: str
    entity: str
    unit: str
    origin: str
    definition: str
    label: str = ""
    regime: str = ""
    predictors: tuple[str, ...] = ()
    zero_when: str = ""
    bounds: str = ""
    uprate: str = ""
    engine: tuple[str, ...] = ()
    notes: str = ""
    place: str = ""


@dataclass(frozen=True)
class Check:
    """A declared check and what became of it. status: passed, failed, or excepted until a day by somebody."""

    id: str
    severity: str
    status: str
    found: str
    limit: str
    reason: str
    owner: str
    expires: str


@dataclass(frozen=True)
class Run:
    """All that a report tells of."""

    plan: Plan
    manifest: dict[str, Any]
    targets: tuple[Target, ...]
    benchmarks: tuple[Benchmark, ...]
    imputed: tuple[Imputed, ...]
    weights: dict[str, Any]
    holdout: dict[str, Any]
    checks: tuple[Check, ...] = ()
    variables: tuple[Definition, ...] = ()
    lineage: tuple[Node, ...] = ()
    lock_sha256: str = ""


def read_run(run: Path) -> Run:
    """The records of a run folder. SpecError where it holds no plan or no manifest, or a file of it is damaged."""
    manifest, plan = read_manifest(run), Plan.read(run / "plan.json")
    gone = [file for file in _EVALUATED if not (run / file).exists()] if plan.of_kind("evaluate") else []
    if gone and manifest["status"] in ("done", "checks_failed"):
        raise SpecError(f"{run} has no {gone[0]}, though the run is {manifest['status']}: it was taken away")
    with reading(run):
        distributions = _json(run / "distributions.json")
        told = next((step.meta for step in plan.of_kind("report")), {})
        return Run(
            plan=plan,
            manifest=manifest,
            targets=tuple(_target(row) for row in _rows(run / "targets.csv")),
            benchmarks=tuple(_benchmark(row) for row in _rows(run / "benchmarks.csv")),
            imputed=tuple(_imputed(row, distributions) for row in _rows(run / "imputation.csv")),
            weights=_json(run / "weights.json"),
            holdout=_json(run / "holdout.json"),
            checks=tuple(_check(row) for row in _rows(run / "checks.csv")),
            variables=tuple(Definition(**row) for row in told.get("variables", ())),
            lock_sha256=hashlib.sha256((run / "spec.lock.yaml").read_bytes()).hexdigest()
            if (run / "spec.lock.yaml").is_file()
            else "",
            lineage=tuple(Node(**{**row, "needs": tuple(row["needs"])}) for row in told.get("lineage", ())),
        )


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with reading(path), path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if not rows.fieldnames:
            raise ValueError("it is empty")
        return list(rows)


def _json(path: Path) -> dict[str, Any]:
    return read_object(path) if path.exists() else {}


def _number(row: dict[str, str], name: str) -> float:
    text = row.get(name) or ""
    return float(text) if text.strip() else NAN


def _target(row: dict[str, str]) -> Target:
    value, initial, final = (_number(row, name) for name in ("value", "initial", "final"))
    return Target(
        id=row["id"],
        role=row["role"],
        status=row["status"],
        reason=row.get("reason") or "",
        value=value,
        initial=initial,
        final=final,
        error_initial=_signed(_number(row, "rel_error_initial"), initial - value),
        error_final=_signed(_number(row, "rel_error_final"), final - value),
        error_held_out=_signed(_number(row, "rel_error_held_out"), _number(row, "held_out") - value),
        tolerance=_number(row, "tolerance"),
        support=_number(row, "support"),
        source=row.get("source") or "",
        unit=row.get("unit") or "",
        url=row.get("url") or "",
        agency=row.get("agency") or "",
        family=row.get("family") or "",
    )


def _benchmark(row: dict[str, str]) -> Benchmark:
    computed, value = _number(row, "computed"), _number(row, "value")
    source = row.get("source") or ""
    last = source.rpartition(", ")[2]
    url = row.get("url") or (last if last.startswith(("https://", "http://")) else "")
    return Benchmark(
        id=row["id"],
        engine=row["engine"],
        variable=row["variable"],
        period=row.get("period") or "",
        concept=row.get("concept") or "",
        computed=computed,
        value=value,
        error=_signed(_number(row, "rel_error"), computed - value),
        in_sample=row["in_sample"].strip().lower() in ("true", "1"),
        source=without_url(source, url),
        url=url,
        unit=row.get("unit") or "",
        notes=row.get("notes") or "",
    )


def _imputed(row: dict[str, str], distributions: dict[str, Any]) -> Imputed:
    shape = distributions.get(row["variable"], {})
    return Imputed(
        variable=row["variable"],
        label=shape.get("label") or row["variable"],
        unit=shape.get("unit") or "",
        regime=row["regime"],
        backend=row["backend"],
        rows=_number(row, "rows"),
        donor=_shares(row, "donor"),
        drawn=_shares(row, "drawn"),
        truth=_shares(row, "truth"),
        ks_donor=_number(row, "ks_donor"),
        ks_truth=_number(row, "ks_truth"),
        seconds=_number(row, "seconds"),
        strays=row.get("strays") or "",
        histogram=_histogram(shape),
        importances=shape.get("importances") or {},
    )


def _check(row: dict[str, str]) -> Check:
    return Check(**{field.name: row.get(field.name) or "" for field in fields(Check)})


def _shares(row: dict[str, str], whose: str) -> Shares:
    return Shares(*(_number(row, f"{whose}_{name}") for name in ("zero", "negative", "positive", "mean")))


def _histogram(shape: dict[str, Any]) -> Histogram | None:
    if len(shape.get("edges") or ()) < 2:
        return None
    truth = shape.get("truth")
    return Histogram(
        edges=tuple(shape["edges"]),
        donor=tuple(shape["donor"]),
        drawn=tuple(shape["drawn"]),
        truth=tuple(truth) if truth is not None else None,
    )


def _signed(error: float, difference: float) -> float:
    """The size of an error with the sign of the difference that it states."""
    return error if math.isnan(difference) else math.copysign(abs(error), difference)


def without_url(source: str, url: str) -> str:
    """The text of a source without the address at its end, which the page links instead."""
    return source.removesuffix(url).rstrip(", ") if url else source
