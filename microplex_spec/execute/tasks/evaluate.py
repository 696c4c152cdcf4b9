"""evaluate: the run's tables of targets, benchmarks, imputations and weights, and its headline figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...evaluate.distribution import nonzero_shares, signed_log_edges, weighted_ks
from ...evaluate.fit import fit_median_error, fit_within, held_out_table, holdout_median_error, relative_errors
from ...population import Population, evaluate
from ...population.codes import code_numbers, code_shares, known_codes
from ...spec.expression import parse
from ...spec.registry import ENGINES
from ..task import Task
from .shared import (
    TRUTH,
    base_population,
    read_column,
    read_engine_columns,
    read_population,
    weighted_shares,
    write_csv,
)

BINS = 40


def run(task: Task) -> dict[str, Any]:
    params, meta = task.step.params, task.step.meta
    population = base_population(task)
    weights = pd.read_parquet(task.input("calibrate") / "weights.parquet")
    population = population.with_columns(
        population.entities.root,
        {"design_weight": weights["design_weight"].to_numpy(), "weight": weights["weight"].to_numpy()},
    )
    targets = target_table(task, meta["targets"])
    by_id = {benchmark["id"]: benchmark for benchmark in params["benchmarks"]}
    declared = [by_id[name] for name in meta["benchmarks"]]
    benchmarks = benchmark_table(task, population, declared, meta["benchmarks"])
    imputation, distributions = imputation_table(task, population, list(meta["variables"]), meta["variables"])
    write_csv(targets, task.out / "targets.csv")
    write_csv(benchmarks, task.out / "benchmarks.csv")
    write_csv(imputation, task.out / "imputation.csv")
    health = weight_table(task, weights)
    holdout: dict[str, Any] = {f"by_{column}": held_out_table(targets, column) for column in ("family", "agency")}
    holdout |= {"fit_median_error": fit_median_error(targets), "holdout_median_error": holdout_median_error(targets)}
    contents = {"weights.json": health, "holdout.json": holdout, "distributions.json": distributions}
    for name, content in contents.items():
        (task.out / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return {
        "headline": {
            "fit_within_10pct": fit_within(targets),
            "fit_median_error": holdout["fit_median_error"],
            "holdout_median_error": holdout["holdout_median_error"],
            "ess_share": health["ess_share"],
            "targets_fitted": int((targets["status"] == "fitted").sum()),
            "targets_unsupported": int((targets["status"] == "unsupported").sum()),
            "targets_unreachable": int((targets["status"] == "unreachable").sum()),
            "benchmarks": {row.id: row.rel_error for row in benchmarks.itertuples()},
        }
    }


def target_table(task: Task, sources: dict[str, Any]) -> pd.DataFrame:
    """targets.csv: every target in the order of the spec, fitted or not, with its figures before and after."""
    ledger = pd.read_parquet(task.input("calibrate") / "ledger.parquet")
    ledger = ledger.set_index("id").loc[list(sources)].reset_index()
    # Of a spec without targets the columns are empty, and of no kind.
    values, scale = (ledger[name].to_numpy(dtype=np.float64) for name in ("value", "scale"))
    for when in ("initial", "final", "held_out"):
        ledger[f"rel_error_{when}"] = relative_errors(ledger[when].to_numpy(dtype=np.float64), values, scale)
    ledger["source"] = [citation(sources[name]) for name in ledger["id"]]
    for field in ("unit", "agency", "url"):
        ledger[field] = [sources[name][field] for name in ledger["id"]]
    first = [
        "id",
        "role",
        "status",
        "reason",
        "value",
        "initial",
        "final",
        "rel_error_initial",
        "rel_error_final",
    ]
    held_out = ["family", "fold", "held_out", "rel_error_held_out", "stretch", "shadow_price"]
    return ledger[[*first, "tolerance", "source", "unit", "support", "agency", "url", *held_out]]


def citation(source: dict[str, Any]) -> str:
    """A source in one line."""
    return ", ".join(source[field] for field in ("agency", "title", "table", "cell", "vintage") if source[field])


def benchmark_table(
    task: Task, population: Population, benchmarks: list[dict[str, Any]], sources: dict[str, Any]
) -> pd.DataFrame:
    """benchmarks.csv: what the engine makes of the calibrated file, against what was published."""
    rows = []
    for benchmark in benchmarks:
        name = f"{benchmark['engine']}.{benchmark['variable']}"
        artifact = task.input("simulate", f"{benchmark['engine']}.{benchmark['period']}")
        columns = read_engine_columns(artifact, {name})[benchmark["entity"]]
        values = columns[name].astype(np.float64)
        if benchmark["where"]:
            values = np.where(evaluate(parse(benchmark["where"]), population, benchmark["entity"]), values, 0.0)
        weights = population.weights("calibrated") * growth(task, artifact, benchmark["engine"])
        root = population.entities.root
        # A plain sum: a dot product would differ in its last digits with the threads of the linear algebra.
        computed = float((values * population.broadcast(weights, root, benchmark["entity"])).sum())
        source = sources[benchmark["id"]]
        rows.append(
            {
                "id": benchmark["id"],
                "engine": benchmark["engine"],
                "variable": benchmark["variable"],
                "computed": computed,
                "value": benchmark["value"],
                "rel_error": computed / benchmark["value"] - 1 if benchmark["value"] else np.nan,
                "in_sample": benchmark["in_sample"],
                "source": citation(source),
                "unit": benchmark["unit"],
                "period": benchmark["period"],
                "concept": source["concept"],
                "notes": source["notes"],
                "url": source["url"],
            }
        )
    names = ["id", "engine", "variable", "computed", "value", "rel_error", "in_sample", "source"]
    return pd.DataFrame(rows, columns=[*names, "unit", "period", "concept", "notes", "url"])


def growth(task: Task, artifact: Path, engine_name: str) -> np.ndarray | float:
    """By how much an engine lets each household's weight grow on the way to the simulated year."""
    name = f"{engine_name}.{ENGINES.load(engine_name).weight}"
    for columns in read_engine_columns(artifact, {name}).values():
        design = read_population(next(iter(task.inputs.values()))).weights()
        return np.divide(columns[name], design, out=np.ones(len(design)), where=design > 0)
    return 1.0


def imputation_table(
    task: Task, population: Population, names: list[str], meta: dict[str, Any]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """imputation.csv, and the histograms of donor, drawn and true values behind it (of codes none). Design weights."""
    rows, histograms = [], {}
    donors: dict[str, Population] = {}
    for name in names:
        artifact = task.input("impute", name)
        entity, drawn = read_column(artifact)
        record = json.loads((artifact / "record.json").read_text(encoding="utf-8"))
        source = record["source"]
        if source not in donors:
            donors[source] = read_population(task.input("uprate", source))
        donor = donors[source]
        weights = population.weights("design", entity)
        samples = {"donor": (donor.column(name), donor.weights("design", entity)), "drawn": (drawn, weights)}
        if TRUTH + name in population.variables:
            samples["truth"] = (population.column(TRUTH + name), weights)
        shown = {**meta[name], "regime": record["regime"], "importances": record["importances"]}
        if drawn.dtype == object:
            rows.append(_code_row(name, record, samples))
            histograms[name] = shown
            continue
        samples = {kind: (values.astype(np.float64), w) for kind, (values, w) in samples.items()}
        rows.append(_imputation_row(name, record, samples))
        edges = signed_log_edges([values for values, _ in samples.values()], BINS)
        histograms[name] = {
            **shown,
            "edges": edges.tolist(),
            "truth": None,
            **{kind: nonzero_shares(values, w, edges).tolist() for kind, (values, w) in samples.items()},
        }
    return pd.DataFrame(rows, columns=_IMPUTATION), histograms


_SIGNS = ("zero", "negative", "positive")
_IMPUTATION = [
    "variable",
    "regime",
    "backend",
    "rows",
    *(f"{kind}_{sign}" for kind in ("donor", "drawn", "truth") for sign in _SIGNS),
    "ks_donor",
    "ks_truth",
    *(f"{kind}_mean" for kind in ("donor", "drawn", "truth")),
    "strays",
    "clipped",
    "seconds",
]


def _imputation_row(
    name: str, record: dict[str, Any], samples: dict[str, tuple[np.ndarray, np.ndarray]]
) -> dict[str, Any]:
    row = _first_fields(name, record)
    for kind, (values, weights) in samples.items():
        row |= {f"{kind}_{sign}": share for sign, share in weighted_shares(values, weights).items()}
        row[f"{kind}_mean"] = float(np.average(values, weights=weights))
    for other in ("donor", "truth"):
        if other in samples:
            row[f"ks_{other}"] = weighted_ks(*samples["drawn"], *samples[other])
    return row


def _first_fields(name: str, record: dict[str, Any]) -> dict[str, Any]:
    kept = {key: record[key] for key in ("regime", "backend", "strays", "clipped", "seconds")}
    return {"variable": name, "rows": record["recipients"], **kept}


def _code_row(name: str, record: dict[str, Any], samples: dict[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, Any]:
    """A row of codes, which have neither sign nor mean: their distance is the largest over all sets of codes."""
    row = _first_fields(name, record)
    known = known_codes(*(values for values, _ in samples.values()))
    shares = {kind: code_shares(code_numbers(values, known), w, known) for kind, (values, w) in samples.items()}
    for other in ("donor", "truth"):
        if other in shares:
            row[f"ks_{other}"] = float(np.abs(shares["drawn"] - shares[other]).sum() / 2)
    return row


def weight_table(task: Task, weights: pd.DataFrame) -> dict[str, Any]:
    """weights.json: the health of the weights, how the solver ended, and the histogram of ratios."""
    result = json.loads((task.input("calibrate") / "result.json").read_text(encoding="utf-8"))
    kept = (weights["design_weight"] > 0) & (weights["weight"] > 0)
    ratios = np.log10(weights.loc[kept, "weight"] / weights.loc[kept, "design_weight"])
    shares, edges = np.histogram(ratios, bins=BINS)
    return {
        **result.pop("health"),
        **result,
        "histogram": {"edges": edges.tolist(), "shares": (shares / max(len(ratios), 1)).tolist()},
    }
