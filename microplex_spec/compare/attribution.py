"""Which edits can have moved a figure: those whose steps feed it, the nearest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..plan import Plan, Step
from ..spec.expression import parse
from ..spec.measure import parse_measure
from .spec_diff import Change

MADE_BY = ("impute", "derive", "rate")


class Attribution:
    """Edits by figure, from the changes of a spec and the steps of the new plan that they re-run.

    headed: ids of the steps that an edit touches itself, not only through what they read.
    """

    def __init__(self, changes: Iterable[Change], plan: Plan, headed: Iterable[str]):
        self.changes = [change for change in changes if change.matters]
        self.steps = {step.id: step for step in plan}
        self.headed = set(headed)
        self.targets = {row["id"]: row for step in plan.of_kind("targets") for row in step.params["targets"]}
        self._above: dict[str, frozenset[str]] = {}

    def of(self, kind: str, name: str) -> Sequence[str]:
        """Edits of the thing itself, then of what feeds it, then of the calibration, in words."""
        own = self.own(kind, name)
        feeding = [step for step in self._feeding(kind, name) if step in self.headed]
        found = own + [text for step in feeding for text in self._edits(self.steps[step])]
        if not found and kind != "variable":
            found = [text for step in self._weighing() for text in self._edits(self.steps[step])]
        return list(dict.fromkeys(found))

    def own(self, kind: str, name: str) -> list[str]:
        """Edits of the thing itself."""
        return [_words(change) for change in self.changes if (change.object, change.id) == (kind, name)]

    def renamed(self, kind: str) -> dict[str, str]:
        """Old names by new ones of what was renamed."""
        return {change.id: change.old for change in self.changes if (change.object, change.change) == (kind, "renamed")}

    def _weighing(self) -> list[str]:
        """Ids of the edited steps that weights come from: the calibration's own, then what feeds it, the last first."""
        own = [step.id for step in self.steps.values() if step.kind in ("targets", "calibrate")]
        above = {other for step in own for other in self._ancestors(step)}.difference(own)
        return [step for step in (*own, *reversed([id for id in self.steps if id in above])) if step in self.headed]

    def _feeding(self, kind: str, name: str) -> list[str]:
        """Ids of the steps whose results the figure is computed from, the nearest first; not those that weigh it."""
        if kind == "variable":
            names = {name}
        elif kind == "target" and name in self.targets:
            row = self.targets[name]
            argument = parse_measure(row["measure"]).argument
            expressions = [item for item in (argument, parse(row["where"]) if row["where"] else None) if item]
            names = {used for item in expressions for used in item.names}
            names |= {f"{engine}." for item in expressions for engine, _ in item.engine_variables}
        else:
            names = set()
        direct = [step.id for step in self.steps.values() if step.kind in MADE_BY and step.name in names]
        if kind == "benchmark" or any(name.endswith(".") for name in names):
            direct += [step.id for step in self.steps.values() if step.kind == "simulate"]
        if kind in ("target", "benchmark"):
            # What is calibrated: a donor feeds a figure through the variables that are drawn from it.
            weighed = {name for step in self.steps.values() if step.kind == "calibrate" for name in step.inputs}
            direct += [name for name in self.steps if name in weighed and self.steps[name].kind in ("load", "uprate")]
        return list(dict.fromkeys(above for step in direct for above in (step, *sorted(self._ancestors(step)))))

    def _ancestors(self, step_id: str) -> frozenset[str]:
        if step_id not in self._above:
            inputs = self.steps[step_id].inputs
            self._above[step_id] = frozenset(inputs).union(*(self._ancestors(other) for other in inputs))
        return self._above[step_id]

    def _edits(self, step: Step) -> list[str]:
        """The changes that a step's own change comes from; the step's name where none of them says."""
        found = [_words(change) for change in self.changes if _touches(change, step)]
        if not found and step.kind in ("load", "uprate"):
            # Which columns are read and derived follows from the variables that need them; a file may differ, too.
            found = [_words(change) for change in self.changes if change.object == "variable"]
            return [*found, step.id] if step.kind == "load" else found or [step.id]
        return found or [step.id]


def _touches(change: Change, step: Step) -> bool:
    kind = step.kind
    if change.object == "variable":
        return kind in MADE_BY and change.id == step.name
    if change.object == "source":
        return kind in ("load", "uprate") and change.id == step.name
    if change.object == "target":
        return kind == "targets"
    if change.object == "spec":
        return kind in _BY_SETTING.get(change.field.partition(".")[0], ("load", "uprate"))
    if change.object == "run":
        return kind in _BY_CHOICE.get(change.field.partition(".")[0], ())
    return False


_BY_SETTING: Mapping[str, tuple[str, ...]] = {
    "calibration": ("targets", "calibrate"),
    "predictor_sets": ("impute",),
    "targets": ("targets",),
}
_BY_CHOICE: Mapping[str, tuple[str, ...]] = {
    "seed": ("load", "impute", "rate", "calibrate"),
    "scale": ("load",),
    "imputer": ("impute",),
    "calibrator": ("calibrate",),
    "microsim": ("simulate",),
}


def _words(change: Change) -> str:
    name = change.object if change.object in ("run", "spec") else f"{change.object} {change.id}"
    return f"{name} {change.change}" if not change.field else f"{name}: {change.field}"
