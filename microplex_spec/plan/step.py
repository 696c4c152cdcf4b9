"""A step of a plan: what is run, on what, by which backend, at what predicted cost, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ..spec.cost import FREE, Cost

Status = Literal["run", "rerun", "reuse"]


@dataclass(frozen=True)
class Reason:
    """Why a choice was made: the rule's name, and a sentence with its evidence."""

    rule: str
    text: str


@dataclass(frozen=True)
class Step:
    """One unit of work. `params` decide the result and are hashed into `key`; `meta` never rebuilds anything.

    id: "kind:name". inputs: ids of earlier steps. outputs: files that the step leaves in its artifact.
    version: of the code that runs it, the kind's and the backend's; it is in the key.
    batch: sizes that the compiler set, or None. checkpoint: whether the artifact is kept for later builds.
    """

    id: str
    kind: str
    backend: str
    params: dict[str, Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    key: str
    version: int = 0
    batch: dict[str, int] | None = None
    checkpoint: bool = True
    predicted: Cost = FREE
    reasons: tuple[Reason, ...] = ()
    status: Status = "run"
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.id.partition(":")[2]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Step:
        return cls(
            **{
                **data,
                "inputs": tuple(data["inputs"]),
                "outputs": tuple(data["outputs"]),
                "predicted": Cost(**data["predicted"]),
                "reasons": tuple(Reason(**reason) for reason in data["reasons"]),
            }
        )
