"""Rules by which backends are chosen: data, so that a spec may put its own before the built-in ones (rules.yaml)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .errors import Problems
from .places import Places, read_record
from .record import Record
from .regimes import REGIMES
from .registry import CALIBRATORS, IMPUTERS
from .yaml_reader import Document


class When(Record):
    """What must hold for a rule; what is left out need not.

    Of an imputation: regime (any of), donors_*, predictors_*, share_zero_* (share of the donors). Of a calibration:
    targets_*, households_*, exact (every target to be met to 1e-6), bounds (of ratios were asked for by the run).
    """

    regime: tuple[str, ...] | None = None
    donors_at_least: int | None = None
    donors_below: int | None = None
    predictors_at_least: int | None = None
    predictors_below: int | None = None
    share_zero_at_least: float | None = None
    share_zero_below: float | None = None
    targets_at_least: int | None = None
    targets_below: int | None = None
    households_at_least: int | None = None
    households_below: int | None = None
    exact: bool | None = None
    bounds: bool | None = None

    @property
    def asked(self) -> dict[str, Any]:
        """The conditions that are given."""
        return self.model_dump(exclude_none=True)

    def unmet(self, facts: Mapping[str, Any]) -> str:
        """The first condition that the facts do not meet, in words; "" if all are met."""
        for name, wanted in self.asked.items():
            fact = name.removesuffix("_at_least").removesuffix("_below")
            words = fact.replace("_", " ")
            if name.endswith("_at_least") and not facts[fact] >= wanted:
                return f"{words} of at least {wanted:,}"
            if name.endswith("_below") and not facts[fact] < wanted:
                return f"{words} below {wanted:,}"
            if isinstance(wanted, tuple) and facts[fact] not in wanted:
                return f"{words} {' or '.join(wanted)}"
            if isinstance(wanted, bool) and facts[fact] is not wanted:
                return words if wanted else f"no {words}"
        return ""


class Rule(Record):
    """If everything in `when` holds, backend `use` serves; `because` says why, and stands in the plan."""

    name: str
    when: When = When()
    use: str
    because: str = ""


_OF_IMPUTATIONS = ("regime", "donors", "predictors", "share_zero")
IMPUTER_CONDITIONS = frozenset(name for name in When.model_fields if name.startswith(_OF_IMPUTATIONS))


def read_rules(document: Document, places: Places, problems: Problems) -> Iterator[Rule]:
    """The rules of a file that lists them, checked against the backends, regimes and conditions that there are."""
    if not isinstance(document.data, tuple):
        problems.add("the file must list rules", document.place())
        return
    backends = [*IMPUTERS.names(), *CALIBRATORS.names()]
    for index, data in enumerate(document.data):
        rule = read_record(Rule, data, document, (index,), problems, "the rule")
        if rule is None:
            continue
        before = len(problems.found)
        if earlier := places.note("rule", rule.name, document, (index,)):
            problems.add(f"rule {rule.name!r} stands twice", document.place(index, "name"), f"first at {earlier}")
        if rule.use not in backends:
            problems.unknown("backend", rule.use, backends, document.place(index, "use"))
        else:
            kind = "imputer" if rule.use in IMPUTERS.names() else "calibrator"
            for name in rule.when.asked:
                if (name in IMPUTER_CONDITIONS) != (kind == "imputer"):
                    place = document.place(index, "when", name, key=True)
                    problems.add(f"{name!r} is no condition for choosing {kind}s", place)
        for number, regime in enumerate(rule.when.regime or ()):
            if regime not in REGIMES:
                problems.unknown("regime", regime, REGIMES, document.place(index, "when", "regime", number))
        if len(problems.found) == before:
            yield rule
