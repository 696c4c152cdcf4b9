"""Which imputer a variable asks for: its own, the run's, the spec's, each perhaps the winner of a bakeoff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..plan import Reason
from ..spec.choices import Choices
from ..spec.model import Spec
from ..spec.variables import Variable

AUTO = "auto"


@dataclass(frozen=True)
class Asked:
    """An imputer by name ("auto" lets the compiler choose) with its parameters, and why where that is known already."""

    name: str
    params: dict[str, Any]
    reason: Reason | None = None


def asked_imputer(spec: Spec, choices: Choices, variable: Variable) -> Asked:
    """The variable's own imputer; else the one that the run names; else that of the spec's settings; else any."""
    run = choices.imputer
    asked = variable.imputer or (spec.settings.imputer if run.name == AUTO else None)
    if asked is None:
        return Asked(run.name, dict(run.params))
    if asked.name is not None:
        return Asked(asked.name, dict(asked.params))
    won = spec.adopted[variable.name]
    return Asked(won.name, dict(won.params), Reason("adopted", won.reason))
