"""Variables: what they mean, where they come from, and how they behave.

A variable has exactly one origin: observed in the base, imputed from a donor (`from`), a share of an imputed
total (`share_of` beside `from`), derived by an expression (`derive`), or drawn at a published rate (`rate`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from .record import Record

Unit = Literal["usd", "count", "years", "share", "flag", "code", "id"]

Regime = Literal[
    "continuous",
    "positive",
    "negative",
    "zero_inflated",
    "zero_inflated_negative",
    "three_sign",
    "two_sign",
    "constant_zero",
    "count",
    "binary",
    "categorical",
    "auto",
]


class Bounds(Record):
    """Limits of a variable's values; a draw beyond them is moved to the limit and counted."""

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Bounds:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self


class Backend(Record):
    """A backend by name with its parameters; what is not given is the backend's own default."""

    name: str
    params: dict[str, Any] = {}


class Rate(Record):
    """A flag drawn true with a published probability, which may differ by group.

    `by` maps predicates to rates; the first that holds decides, else `otherwise`. `source` says who published it.
    """

    otherwise: float = Field(ge=0, le=1)
    by: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    source: str


class EngineInput(Record):
    """Which variable of a rules engine this one feeds, and how a group's amount is split among its members.

    split: as_is (same entity), head, adults, members, or by: equally among the persons for whom `where` holds.
    """

    variable: str
    split: Literal["as_is", "head", "adults", "members", "by"] = "as_is"
    where: str = ""

    @model_validator(mode="after")
    def _where_goes_with_by(self) -> EngineInput:
        if (self.split == "by") != bool(self.where):
            raise ValueError("'where' and 'split: by' go together")
        return self


class Variable(Record):
    """One column of the population, with everything that decides its values."""

    name: str
    label: str = ""
    notes: str = ""
    entity: str
    unit: Unit
    observed: str | None = None
    donor: str | None = Field(default=None, alias="from")
    share_of: str | None = None
    derive: str | None = None
    rate: Rate | None = None
    regime: Regime = "auto"
    predictors: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    imputer: Backend | None = None
    bounds: Bounds | None = None
    zero_when: str | None = None
    stray_tolerance: float = Field(default=0.005, ge=0, lt=1)
    uprate: str | None = None
    engine: dict[str, EngineInput] = {}

    @model_validator(mode="after")
    def _one_origin(self) -> Variable:
        given = [key for key in ("observed", "donor", "derive", "rate") if getattr(self, key) is not None]
        if len(given) > 1:
            names = " and ".join("from" if key == "donor" else key for key in given)
            raise ValueError(f"has two origins ({names}); keep one")
        if self.donor is None:
            for key in ("share_of", "imputer", "zero_when", "predictors", "order"):
                if getattr(self, key):
                    raise ValueError(f"{key!r} is for imputed variables; say which source it is drawn from (from:)")
        elif not self.predictors:
            raise ValueError("an imputed variable needs predictors; name them under predictors:")
        if self.uprate and self.origin in ("derived", "rate"):
            raise ValueError("'uprate' is for amounts read from a source; what is derived or drawn follows by itself")
        return self

    @model_validator(mode="after")
    def _codes_are_no_amounts(self) -> Variable:
        if self.dtype == "code":
            for key in ("bounds", "zero_when", "share_of", "uprate"):
                if getattr(self, key):
                    raise ValueError(f"{key!r} is for amounts, and a code has none")
            if self.regime not in ("auto", "categorical"):
                raise ValueError(f"regime {self.regime!r} is for numbers; that of a code is 'categorical'")
        return self

    @property
    def origin(self) -> Literal["observed", "imputed", "derived", "rate"]:
        if self.donor is not None:
            return "imputed"
        if self.derive is not None:
            return "derived"
        return "rate" if self.rate is not None else "observed"

    @property
    def dtype(self) -> Literal["number", "bool", "code"]:
        return {"flag": "bool", "code": "code"}.get(self.unit, "number")  # type: ignore[return-value]

    @property
    def column(self) -> str:
        """The column of the source that holds it."""
        return self.observed or self.name
