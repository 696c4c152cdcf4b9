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

    The first ones are about an imputation, those from `targets_at_least` on about a calibration.
    """

    regime: tuple[str, ...] | None = None
    """One of these regimes."""
    donors_at_least: int | None = None
    """Donor rows, no fewer."""
    donors_below: int | None = None
    """Donor rows, fewer."""
    predictors_at_least: int | None = None
    """Predictors, no fewer."""
    predictors_below: int | None = None
    """Predictors, fewer."""
    share_zero_at_least: float | None = None
    """Share of zeros among the donors, no less."""
    share_zero_below: float | None = None
    """Share of zeros among the donors, less."""
    targets_at_least: int | None = None
    """Fit targets, no fewer."""
    targets_below: int | None = None
    """Fit targets, fewer."""
    households_at_least: int | None = None
    """Records to weight, no fewer."""
    households_below: int | None = None
    """Records to weight, fewer."""
    exact: bool | None = None
    """Whether every target is to be met to one part in a million."""
    bounds: bool | None = None
    """Whether the run asks for bounds of weight ratios."""
    record_budget: bool | None = None
    """Whether the run asks for a record budget (`max_records`)."""

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
    """If everything in `when` holds, backend `use` serves. A spec's own rules come before the built-in ones."""

    name: str
    """Its name, which stands in the plan as the reason of a choice."""
    when: When = When()
    """What must hold."""
    use: str
    """The imputer or calibrator to take."""
    because: str = ""
    """Why, in words that stand in the plan."""


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
