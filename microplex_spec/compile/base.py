"""What every part of the compiler works with: the spec, the run's choices, the profiles, and the steps so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..plan import Budget, Reason, Step, data_key
from ..plan.kinds import KINDS
from ..spec.choices import Choices
from ..spec.cost import FREE, Cost, CostModel, shipped_costs
from ..spec.errors import Problems
from ..spec.expression import Expression
from ..spec.model import Spec
from .profile import SourceProfile


@dataclass
class Draft:
    """A plan in the making. Parts add steps in order; a step's inputs must stand already.

    workers: tasks that the executor runs at once. resident: what earlier steps leave in memory, by feature.
    """

    spec: Spec
    choices: Choices
    profiles: Mapping[str, SourceProfile]
    budget: Budget
    engine: Callable[[str], Any]
    costs: CostModel = field(default_factory=shipped_costs)
    workers: int = 1
    steps: dict[str, Step] = field(default_factory=dict)
    resident: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)

    def add(
        self,
        kind: str,
        name: str,
        params: dict[str, Any],
        inputs: Iterable[str],
        *,
        backend: str = "numpy",
        version: int = 0,
        reasons: Iterable[Reason] = (),
        cost: Cost = FREE,
        batch: dict[str, int] | None = None,
        meta: dict[str, Any] | None = None,
    ) -> str:
        """Add a step and return its id. `version` is the backend's; the kind's own is added to it in the key."""
        row, step_id = KINDS[kind], f"{kind}:{name}"
        inputs = tuple(dict.fromkeys(inputs))
        upstream = {other: self.steps[other].key for other in inputs}
        code = row.version * 1000 + version
        key = data_key(kind, backend, code, params, upstream)
        keep = Reason("checkpoint", row.checkpoint_reason)
        self.steps[step_id] = Step(
            id=step_id,
            kind=kind,
            backend=backend,
            params=params,
            inputs=inputs,
            outputs=row.outputs,
            key=key,
            version=code,
            batch=batch,
            checkpoint=row.checkpoint,
            predicted=cost,
            reasons=(*reasons, keep),
            meta=meta or {},
        )
        if kind != "simulate" or self.workers == 1:
            self.resident = self.costs.left_by(cost.work, self.resident)
        return step_id

    def rows(self, source: str, entity: str) -> int:
        """Rows of an entity that this run takes of a source, at its scale."""
        profile, scale = self.profiles[source], self.choices.scale
        limit = scale.households if source == self.spec.settings.base else scale.donor_households
        root = profile.rows[self.spec.entities.root]
        taken = min(limit, root) if limit else root
        return round(profile.rows.get(entity, 0) * taken / root) if root else 0

    def bytes(self, source: str) -> float:
        """Bytes in memory of all columns of the rows that this run takes of a source."""
        profile = self.profiles[source]
        total = sum(profile.rows.values()) or 1
        return profile.bytes * sum(self.rows(source, entity) for entity in profile.rows) / total

    @property
    def base(self) -> str:
        """Id of the step that leaves the base population."""
        return f"uprate:{self.spec.settings.base}"

    def makers(self, names: Iterable[str]) -> list[str]:
        """Ids of the steps that make the given variables; observed ones stand in the base already."""
        kinds = {"imputed": "impute", "derived": "derive", "rate": "rate"}
        found = []
        for name in sorted(set(names)):
            variable = self.spec.variables.get(name)
            if variable is not None and variable.origin != "observed":
                found.append(f"{kinds[variable.origin]}:{name}")
        return found

    def simulations(self, expressions: Iterable[Expression]) -> list[str]:
        """Ids of the simulation steps whose variables the expressions use."""
        engines = {engine for expression in expressions for engine, _ in expression.engine_variables}
        return [f"simulate:{engine}.{self.spec.period}" for engine in sorted(engines)]
