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
    """The least value."""
    max: float | None = None
    """The largest value."""

    @model_validator(mode="after")
    def _ordered(self) -> Bounds:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self


class Backend(Record):
    """An imputer by name with its parameters, or the one that won in a bakeoff: {adopt: bakeoff/ID}."""

    name: str | None = None
    """The backend's name."""
    params: dict[str, Any] = {}
    """Its parameters; what is not given is the backend's own default."""
    adopt: str | None = None
    """`bakeoff/ID`: the winner for this variable in that bakeoff, with its parameters; stands alone."""

    @model_validator(mode="after")
    def _one_way(self) -> Backend:
        if (self.name is None) == (self.adopt is None):
            raise ValueError("give the name of an imputer, or adopt: bakeoff/ID")
        if self.adopt is not None and (self.params or not self.adopt.startswith("bakeoff/")):
            raise ValueError("adopt: bakeoff/ID stands alone: the winner brings its parameters")
        return self


class Rate(Record):
    """A flag drawn true with a published probability, which may differ by group."""

    otherwise: float = Field(ge=0, le=1)
    """The rate where no predicate of `by` holds."""
    by: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    """Rates by predicate; the first that holds decides."""
    source: str
    """Who published the rate."""


class EngineInput(Record):
    """Which variable of a rules engine this one feeds, and how a group's amount is split among its members."""

    variable: str
    """The engine's name for it."""
    split: Literal["as_is", "head", "adults", "members", "by"] = "as_is"
    """How a group's amount reaches persons: `as_is` (same entity), `head`, equally among `adults` or `members`, or
    `by`, equally among the persons for whom `where` holds."""
    where: str = ""
    """A predicate of persons; goes with `split: by`."""

    @model_validator(mode="after")
    def _where_goes_with_by(self) -> EngineInput:
        if (self.split == "by") != bool(self.where):
            raise ValueError("'where' and 'split: by' go together")
        return self


class Variable(Record):
    """One column of the population, with everything that decides its values."""

    name: str
    """Its name in expressions and tables; the file's key."""
    label: str = ""
    """What a reader is shown."""
    notes: str = ""
    """What one should know of it; never rebuilds anything."""
    entity: str
    """The entity that it is a column of."""
    unit: Unit
    """What its values are: dollars, a number, years, a share, a flag (true or false), a code (text) or an id."""
    observed: str | None = None
    """The base's column that holds it, where that has another name."""
    donor: str | None = Field(default=None, alias="from")
    """The source that it is drawn from: makes it an imputed variable."""
    share_of: str | None = None
    """An imputed total: its share of that total is drawn from the donors instead of an amount."""
    derive: str | None = None
    """An expression that it is worked out by, such as `sum(employment_income)` or `policyengine_us.eitc`."""
    rate: Rate | None = None
    """A published rate that it is drawn at."""
    regime: Regime = "auto"
    """Which signs its values may have and which of them are point masses; `auto` takes it from the donors."""
    predictors: tuple[str, ...] = ()
    """Variables, expressions at its entity, or names of `predictor_sets`, known to both donor and base."""
    order: tuple[str, ...] = ()
    """Imputed variables that are drawn before it and serve as predictors too."""
    imputer: Backend | None = None
    """The backend for this variable alone; else the run's choice."""
    bounds: Bounds | None = None
    """Limits of a draw."""
    zero_when: str | None = None
    """A predicate: where it holds, the value is zero and nothing is drawn."""
    stray_tolerance: float = Field(default=0.005, ge=0, lt=1)
    """The share of the donors' weight that may contradict the regime; such donors are left out of training."""
    uprate: str | None = None
    """The column of growth factors that carries its amounts to the spec's year."""
    engine: dict[str, EngineInput] = {}
    """What it feeds, by rules engine."""

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
