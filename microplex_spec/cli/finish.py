"""The end of a run on the command line: where the results lie, the figures that sum them up, the exit code."""

from __future__ import annotations

import csv
import json
import shlex
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from ..spec.project import Project

if TYPE_CHECKING:
    from ..execute.runner import RunResult


def finish(result: RunResult, project: Project) -> int:
    """Tell what became of a run; returns its exit code."""
    from ..report import write_report

    if result.status == "failed":
        # The report is a step like others, so a failure before it would leave none.
        write_report(result.folder, result.folder / "report.html")
    _tell(result, project)
    return exit_code(result)


def exit_code(result: RunResult) -> int:
    """0 for a run that is done, 1 for one that failed, 3 for one that was built but fails an error-level check."""
    return {"failed": 1, "checks_failed": 3}.get(result.status, 0)


def _tell(result: RunResult, project: Project) -> None:
    headline: dict[str, Any] = result.headline
    print()
    for step, error in result.failures.items():
        print(f"failed: {step}: {error}", file=sys.stderr)
    if result.failures:
        print("if the spec is at fault, mend it and build again: what was made is reused", file=sys.stderr)
        print(f"if the machine is, go on with: microplex-spec resume {project.shown(result.folder)}", file=sys.stderr)
    if headline:
        print(_line("fit targets within 10 %", headline["fit_within_10pct"], f"of {headline['targets_fitted']}"))
        print(_line("median error, held out", headline["holdout_median_error"]))
        print(_line("effective sample size", headline["ess_share"], "of households"))
        for name, error in headline["benchmarks"].items():
            print(_line(f"benchmark {name}", error, sign=True))
        _tell_doubts(result.folder, headline)
    if result.checks:
        _tell_checks(result.checks)
    for name in ("report.html", "population.h5", "targets.csv"):
        if (result.folder / name).exists():
            print(f"{name:<16}{project.shown(result.folder / name)}")


def _tell_checks(checks: list[dict[str, Any]]) -> None:
    """How many checks passed, and each that did not, with what was found and whether it counts."""
    counted = Counter(row["status"] for row in checks)
    others = "".join(f", {counted[status]} {status}" for status in ("failed", "excepted") if counted[status])
    print(f"{'checks':<28}{counted['passed']:>8} of {len(checks)} passed{others}")
    for row in checks:
        if row["status"] == "failed":
            print(f"check failed ({row['severity']}): {row['id']}: {row['found']}; {row['limit']}", file=sys.stderr)
        elif row["status"] == "excepted":
            print(f"check excepted until {row['expires']} by {row['owner']}: {row['id']}: {row['found']}")


def _tell_doubts(folder: Path, headline: dict[str, Any]) -> None:
    """What the figures of the fit do not show: targets that are not among them, or not to be trusted; bad weights."""
    for label, status in (("targets without support", "unsupported"), ("targets out of reach", "unreachable")):
        if number := headline[f"targets_{status}"]:
            print(f"{label:<28}{number:>8} {_call_for_targets(folder, status)} tells why")
    with (folder / "targets.csv").open(encoding="utf-8", newline="") as file:
        doubted = [row for row in csv.DictReader(file) if row["status"] == "fitted" and row["reason"]]
    if doubted:
        print(f"{'fitted targets in doubt':<28}{len(doubted):>8} {_call_for_targets(folder, 'fitted')} tells why")
        print(f"{'':<37}such as {doubted[0]['id']}: {doubted[0]['reason']}")
    if collapse := json.loads((folder / "weights.json").read_text(encoding="utf-8"))["collapse"]:
        print(f"weights have collapsed: {collapse}; see weights.json and the report", file=sys.stderr)


def _call_for_targets(folder: Path, status: str) -> str:
    """The call that lists the targets of a status, with the choices that the run was made by."""
    overrides = folder / ".hydra" / "overrides.yaml"
    chosen = YAML(typ="safe", pure=True).load(overrides.read_text(encoding="utf-8")) if overrides.is_file() else []
    return shlex.join(["microplex-spec", "targets", *(chosen or []), "--status", status])


def _line(label: str, share: float | None, rest: str = "", sign: bool = False) -> str:
    text = "none" if share is None else f"{share:+.1%}" if sign else f"{share:.1%}"
    return f"{label:<28}{text:>8} {rest}".rstrip()
