"""The closed world of checks: the figures, variables, targets, benchmarks and runs that they name."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from .checks import METRICS, VARIABLE_METRICS, BaselineCheck, BenchmarkCheck, Check, MetricCheck, TargetsCheck
from .errors import Place, Problems, did_you_mean
from .yaml_reader import Path_

if TYPE_CHECKING:
    from .model import Spec


def check_checks(spec: Spec, problems: Problems) -> None:
    """Add a problem for every name in a check that nothing has; families of targets are known to the compiler alone."""
    for check in spec.checks:
        _Names(spec, problems, check).run()


class _Names:
    def __init__(self, spec: Spec, problems: Problems, check: Check):
        self.spec, self.problems, self.check = spec, problems, check

    def run(self) -> None:
        check, places = self.check, self.spec.places
        if isinstance(check, MetricCheck):
            self.metric(check)
        elif isinstance(check, TargetsCheck):
            self.targets(check)
        elif isinstance(check, BenchmarkCheck):
            known = {*(benchmark.id for benchmark in self.spec.benchmarks), *places.names("benchmark")}
            if check.benchmark not in known:
                self.problems.unknown("benchmark", check.benchmark, known, self.place("benchmark"))
        elif isinstance(check, BaselineCheck):
            self.baseline(check)

    def place(self, *field: str | int) -> Place | None:
        return self.spec.places.of("check", self.check.id, *field)

    def metric(self, check: MetricCheck) -> None:
        known, other = (METRICS, VARIABLE_METRICS) if check.variable is None else (VARIABLE_METRICS, METRICS)
        if check.metric in other:
            of = "the whole run" if check.variable else "one imputed variable"
            hint = "take 'variable' out" if check.variable else "say of which: variable:"
            self.problems.add(f"{check.metric} is a figure of {of}", self.place("metric"), hint)
        elif check.metric not in known:
            hint = did_you_mean(check.metric, known) or f"known: {', '.join(known)}"
            self.problems.add(f"unknown metric {check.metric!r}", self.place("metric"), hint)
        if check.variable is not None:
            self.variable(check.variable, [variable.name for variable in self.spec.imputed()], "imputed variable")

    def variable(self, name: str, known: Iterable[str], what: str) -> None:
        # A variable that is at fault itself is told by itself.
        if name not in known and name in self.spec.places.names("variable") - set(self.spec.variables):
            return
        if name not in known:
            self.problems.unknown(what, name, known, self.place("variable"))

    def targets(self, check: TargetsCheck) -> None:
        targets = self.spec.targets
        agency, ids = check.targets.agency, [target.id for target in targets]
        agencies = {target.source.agency for target in targets}
        if agency is not None and agency not in agencies:
            self.problems.unknown("agency", agency, agencies, self.place("targets", "agency"))
        globs: list[tuple[str, Path_]] = [
            (glob, ("targets", "ids", index)) for index, glob in enumerate(check.targets.ids)
        ]
        for number, exception in enumerate(check.exceptions):
            globs += [(glob, ("exceptions", number, "targets", index)) for index, glob in enumerate(exception.targets)]
        for glob, field in globs:
            if not any(fnmatchcase(name, glob) for name in ids):
                self.problems.unknown("target or glob of targets", glob, ids, self.place(*field))

    def baseline(self, check: BaselineCheck) -> None:
        amounts = [variable.name for variable in self.spec.variables.values() if variable.dtype != "code"]
        self.variable(check.variable, amounts, "variable with amounts")
        root = self.spec.project.root
        if not (root / check.baseline / "tables").is_dir():
            latest = _latest_run(root / "runs" / self.spec.name)
            hint = f"the latest is {latest.relative_to(root)}" if latest else "build one first"
            self.problems.add(f"no run with tables at {check.baseline}", self.place("baseline"), hint)


def _latest_run(runs: Path) -> Path | None:
    """The newest run folder of a spec that holds a file; None where there is none."""
    return max((path.parent for path in runs.glob("*/tables")), default=None)
