"""A run folder as a build leaves it when only the report is missing, of any size."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from microplex_spec.plan import Budget, Plan, Reason, Step
from microplex_spec.plan.graph import Node
from microplex_spec.spec.cost import Cost

SOI = "https://www.irs.gov/pub/irs-soi/23in14ar.xls"
CONCEPTS = ("adjusted_gross_income", "employment_income", "taxable_interest", "dividends", "capital_gains", "pensions")
VARIABLES = {
    "self_employment_income": ("three_sign", "Self-employment income (Schedule C)"),
    "farm_income": ("three_sign", "Farm income (Schedule F)"),
    "taxable_interest": ("zero_inflated", "Taxable interest"),
    "dividends": ("zero_inflated", "Ordinary dividends"),
    "social_security": ("zero_inflated", "Social security benefits"),
    "mortgage_interest": ("zero_inflated", "Home mortgage interest"),
    "n_jobs": ("count", "Number of jobs <held> & left"),
}


def make_plan() -> Plan:
    imputed = [
        Step(
            id=f"impute:{name}",
            kind="impute",
            backend="qrf" if name == "farm_income" else "regime_aware",
            params={"predictors": ["age", "employment_income"], "regime": regime, "trees": 80},
            inputs=("uprate:cps_2014", "load:cps_donors"),
            outputs=("column.parquet",),
            key=f"{k:02d}" * 32,
            batch={"recipients": 50_000},
            predicted=Cost(14.0 + 3 * k, 420_000_000 + 40_000_000 * k),
            reasons=(
                Reason("gates", "12.3 % of 81,204 donors are negative or zero: a gate a sign"),
                Reason("resources", "fits 6.0 GB with 50,000 recipients at once"),
            ),
            status="reuse" if k == 2 else "run",
            meta={"label": label},
        )
        for k, (name, (regime, label)) in enumerate(VARIABLES.items())
    ]
    step = replace(imputed[0], batch=None, params={}, meta={}, status="run")
    files = {"cps.csv.gz": "ab" * 32, "growfactors.csv": "cd" * 32}
    steps = (
        replace(step, id="load:cps_2014", kind="load", backend="taxcalc_cps", inputs=(), params={"files": files}),
        replace(step, id="load:cps_donors", kind="load", backend="taxcalc_cps", inputs=(), params={"files": files}),
        replace(step, id="uprate:cps_2014", kind="uprate", backend="growth", inputs=("load:cps_2014",)),
        *imputed,
        replace(
            step,
            id="simulate:policyengine_us",
            kind="simulate",
            backend="policyengine_us",
            predicted=Cost(96.0, 3_100_000_000),
        ),
        replace(step, id="targets:all", kind="targets", backend="sparse", predicted=Cost(4.0, 900_000_000)),
        replace(step, id="calibrate:weights", kind="calibrate", backend="logit", predicted=Cost(6.0, 1_200_000_000)),
        replace(step, id="evaluate:run", kind="evaluate", backend="all", predicted=Cost(5.0, 1_000_000_000)),
        replace(
            step, id="report:page", kind="report", backend="html", predicted=Cost(1.0, 100_000_000), meta=make_told()
        ),
    )
    return Plan("us_cps_2023", 7, Budget(6_000_000_000, 2), steps, ("has_esi is left to the engine: 'no input'",))


def make_told() -> dict:
    """Definitions and lineage as the compiler leaves them with the report's step."""
    variables = [
        {"name": name, "label": label, "entity": "tax_unit", "unit": "usd", "origin": "imputed", "regime": regime}
        | {"definition": f"{name}, drawn from cps_donors", "predictors": ["age", "employment_income"]}
        for name, (regime, label) in VARIABLES.items()
    ]
    nodes = [
        Node("source:cps_donors", "cps_donors", "source", "", ()),
        *(Node(f"impute:{name}", name, "impute", "income", ("source:cps_donors",)) for name in VARIABLES),
        Node("simulate:policyengine_us", "policyengine_us", "simulate", "", ("impute:dividends",)),
        Node("targets/us.irs.dividends", "us.irs.dividends", "targets", "irs", ("impute:dividends",)),
        Node("calibrate", "weights", "calibrate", "", ("targets/us.irs.dividends",)),
    ]
    return {"label": "US", "variables": variables, "lineage": [asdict(node) for node in nodes]}


def make_manifest(plan: Plan) -> dict:
    rng = np.random.default_rng(1)
    return {
        "status": "running",
        "spec": plan.spec,
        "plan_key": plan.key,
        "seed": plan.seed,
        "started": "2026-03-02T08:15:30.120+00:00",
        "finished": None,
        "versions": {"python": "3.13.2", "numpy": "2.2.1", "policyengine-us": "2.68.0"},
        "inputs": [{"path": path, "sha256": sha} for path, sha in plan.steps[0].params["files"].items()],
        "headline": {},
        "steps": [
            {
                "id": step.id,
                "status": "reused" if step.status == "reuse" else "done",
                "seconds": 0.01 if step.status == "reuse" else round(step.predicted.seconds * rng.uniform(0.6, 1.5), 3),
                "peak_bytes": int(step.predicted.bytes * rng.uniform(0.7, 1.2)),
                "predicted": {"seconds": step.predicted.seconds, "bytes": step.predicted.bytes},
                "error": None,
                "record": {},
            }
            for step in plan
            if step.kind != "report"
        ],
    }


def make_targets(count: int) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    rows = []
    for i in range(count):
        concept, statistic, unit = CONCEPTS[i % 6], ("amount", "returns")[i // 6 % 2], ("usd", "count")[i // 6 % 2]
        band = f"agi_{i // 12}"
        role = "holdout" if i % 9 == 4 else "monitor" if i % 31 == 7 else "fit"
        status = "unsupported" if i % 17 == 5 else "excluded" if i % 53 == 11 else {"fit": "fitted"}.get(role, role)
        reason = {
            "unsupported": f"3 records bear on it, fewer than min_support 20 (band {i})",
            "excluded": "role none: <superseded> & replaced",
        }.get(status, "")
        value = float(np.round(np.exp(rng.uniform(np.log(2e4), np.log(2e8))) * (4e4 if unit == "usd" else 1)))
        before = np.exp(rng.normal(-0.1, 0.55))
        after = 1 + rng.standard_t(2) * {"fit": 0.012, "holdout": 0.07, "monitor": 0.2}[role]
        if status in ("unsupported", "excluded"):
            before = after = np.nan
        cell = f"TBL14!C{i}"
        rows.append(
            {
                "id": f"us.irs.{concept}.{statistic}.{band}",
                "role": role,
                "status": status,
                "reason": reason,
                "value": value,
                "initial": value * before,
                "final": value * after,
                "rel_error_initial": abs(before - 1),
                "rel_error_final": abs(after - 1),
                "tolerance": 0.05,
                "source": f"IRS SOI, Publication 1304: Sources of Income & Tax <Items>, 1.4, {cell}, {SOI}",
                "unit": unit,
                "support": int(rng.integers(20, 9000)),
                "url": SOI,
                "agency": "IRS SOI",
            }
        )
    return pd.DataFrame(rows)


def make_benchmarks() -> pd.DataFrame:
    rows = [
        (
            "income_tax_2023",
            "income_tax_before_refundable_credits",
            2.061e12,
            2.148e12,
            True,
            "total_income_tax.amount",
            "",
        ),
        ("eitc_2023", "eitc", 6.24e10, 6.627e10, True, "eitc.amount", ""),
        ("snap_2023", "snap", 1.18e11, 1.07e11, False, "snap.benefits", "fiscal year; take-up 88 %"),
        ("ssi_2023", "ssi", 5.81e10, 6.0e10, False, "ssi.benefits", ""),
        ("ctc_2023", "ctc", 1.51e11, 1.15e11, False, "ctc.amount", ""),
        ("aca_ptc_2023", "aca_ptc", 1.42e11, 8.0e10, False, "aca_ptc.amount", "coverage < take-up"),
    ]
    return pd.DataFrame(
        {
            "id": name,
            "engine": "policyengine_us",
            "variable": variable,
            "computed": computed,
            "value": value,
            "rel_error": abs(computed / value - 1),
            "in_sample": in_sample,
            "source": f"USDA FNS, National level annual summary, 1, B59, https://www.fns.usda.gov/pd/{name}",
            "period": 2023,
            "concept": concept,
            "notes": notes,
        }
        for name, variable, computed, value, in_sample, concept, notes in rows
    )


def make_imputation() -> tuple[pd.DataFrame, dict]:
    rng = np.random.default_rng(3)
    rows, shapes = [], {}
    for k, (name, (regime, label)) in enumerate(VARIABLES.items()):
        negative = 0.04 if regime == "three_sign" else 0.0
        known = regime != "count"
        shares = {
            "zero": 0.93 - 0.07 * k,
            "negative": negative,
            "positive": 0.07 + 0.07 * k - negative,
            "mean": 2400.0 + 300 * k,
        }
        row = {
            "variable": name,
            "regime": regime,
            "backend": "regime_aware",
            "rows": 128_000 + k,
            "seconds": 12.5,
            "strays": 0,
        }
        for whose, off in (("donor", 0.0), ("drawn", 0.004), ("truth", -0.006)):
            for share, value in shares.items():
                row[f"{whose}_{share}"] = value * (1 + off) if known or whose != "truth" else np.nan
        rows.append(row | {"ks_donor": 0.006 + 0.004 * k, "ks_truth": 0.03 + 0.01 * k if known else np.nan})
        if name == "dividends":
            continue
        low = -13.0 if regime == "three_sign" else 0.69 if regime == "count" else 2.0
        cuts = np.linspace(low, 2.4 if regime == "count" else 13.5, 13 if regime == "count" else 41)
        middle = (cuts[1:] + cuts[:-1]) / 2
        mass = (
            np.exp(-((middle - 9.6) ** 2) / 2.2) + (negative > 0) * 0.35 * np.exp(-((middle + 8.5) ** 2) / 2.0) + 1e-4
        )
        bins = {w: (m := mass * rng.uniform(0.88, 1.12, len(mass))) / m.sum() for w in ("donor", "drawn", "truth")}
        shapes[name] = {
            "label": label,
            "regime": regime,
            "unit": "count" if regime == "count" else "usd",
            "importances": {"age": 0.7, "employment_income": 0.3},
            "edges": list(np.sign(cuts) * np.expm1(np.abs(cuts))),
            "donor": list(bins["donor"]),
            "drawn": list(bins["drawn"]),
            "truth": list(bins["truth"]) if known else None,
        }
    return pd.DataFrame(rows), shapes


def make_weights() -> dict:
    rng = np.random.default_rng(4)
    ratios = np.clip(np.exp(rng.normal(-0.1, 0.8, 40_000)), 0.1, 10)
    shares, edges = np.histogram(np.log10(ratios), bins=40, range=(-1, 1))
    return {
        "n": 40_000,
        "n_zero": 0,
        "ess": 11_240.3,
        "ess_share": 0.281,
        "min_ratio": 0.1,
        "median_ratio": 0.904,
        "max_ratio": 10.0,
        "cap_hits_lower": 140,
        "cap_hits_upper": 61,
        "bounds": [0.1, 10.0],
        "histogram": {"edges": list(edges), "shares": list(shares / len(ratios))},
        "reason": "3 targets miss their tolerance",
        "converged": False,
        "iterations": 41,
        "calibrator": "logit",
    }


def make_run(folder: Path, targets: int) -> Path:
    """Write every file of a run but the report."""
    folder.mkdir(parents=True)
    plan = make_plan()
    plan.write(folder / "plan.json")
    imputation, shapes = make_imputation()
    make_targets(targets).to_csv(folder / "targets.csv", index=False)
    make_benchmarks().to_csv(folder / "benchmarks.csv", index=False)
    imputation.to_csv(folder / "imputation.csv", index=False)
    for name, content in (
        ("manifest", make_manifest(plan)),
        ("distributions", shapes),
        ("weights", make_weights()),
    ):
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "20260302T081530Z-0a1b2c3d", 60)


@pytest.fixture(scope="module")
def kept_run(tmp_path_factory) -> Path:
    """A run that several tests of a module look at."""
    return make_run(tmp_path_factory.mktemp("kept") / "20260302T081530Z-0a1b2c3d", 60)
