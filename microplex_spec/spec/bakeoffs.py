"""Bakeoffs: imputers held against each other on the rows of one table, declared in YAML under conf/bakeoffs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from pydantic import Field, model_validator

from .errors import Problem, Problems, SpecError, did_you_mean
from .expression import parse
from .places import read_record
from .project import Project
from .rare_cells import RareCell
from .record import Record
from .variables import Regime
from .yaml_reader import Document, Path_, read_yaml


class Rows(Record):
    """Where the rows come from: the `source` of a `spec`, or a `reader` with its params.

    Files that params name are relative to the bakeoff's own file, or inside a package: package:NAME/FILE.
    """

    spec: str | None = None
    """A spec whose source this is."""
    source: str | None = None
    """The name of the source there."""
    reader: str | None = None
    """A reader, in place of a spec's source."""
    params: dict[str, Any] = {}
    """The reader's parameters."""

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        named, own = (self.spec, self.source), self.reader is not None
        if own == any(named) or any(named) != all(named) or (self.params and not own):
            raise ValueError("give spec: and source:, or reader: and params:")
        return self


class Method(Record):
    """An imputer with its parameters; without a name it is the one that the method is called after."""

    imputer: str | None = None
    """The imputer's name."""
    params: dict[str, Any] = {}
    """Its parameters."""


class Neighbours(Record):
    """PRDC of standardised rows, and once more in the latent space of an autoencoder."""

    k: int = Field(default=5, ge=1)
    """The k-th neighbour bounds a row's surroundings."""
    cap: int | None = Field(default=20_000, ge=2)
    """Most rows of each side that are looked at."""
    log: bool = False
    """Whether amounts are taken on a log scale."""
    latent: int = Field(default=16, ge=1)
    """Dimensions of the latent space."""
    epochs: int = Field(default=30, ge=1)
    """Training of the autoencoder."""

    @model_validator(mode="after")
    def _cap_above_k(self) -> Self:
        if self.cap is not None and self.cap <= self.k:
            raise ValueError(f"cap of {self.cap} rows must be above k = {self.k}")
        return self


class Calibration(Record):
    """Calibration of the synthetic rows to real totals: amounts and counts of each drawn column."""

    calibrator: str = "logit"
    """The calibrator's name."""
    params: dict[str, Any] = {}
    """Its parameters."""
    tolerance: float = Field(default=0.01, gt=0)
    """Relative, of each total."""
    by: str | None = None
    """A column by whose groups totals are taken, too."""


class Published(Record):
    """Figures that others published of methods of the same names, to be shown beside: coverage, seconds of the fit."""

    source: str
    """Who published them, of which data."""
    scale: int = Field(ge=1)
    """The rows that they hold for."""
    coverage: dict[str, float] = {}
    """Coverage by method."""
    fit_seconds: dict[str, float] = {}
    """Seconds of the fit by method."""


class Bakeoff(Record):
    """Methods by name, each fitted and drawn down a chain of columns on the same rows, at each scale and seed."""

    name: str
    """The file's name."""
    label: str = ""
    """What a reader is shown."""
    notes: str = ""
    """What one should know of it."""
    rows: Rows = Field(alias="from")
    """Where the rows come from: a spec's source, or a reader of its own."""
    entity: str
    """Whose rows."""
    group: tuple[str, ...] = ()
    """Columns or entities that a split never divides."""
    weighted: bool = True
    """Whether design weights count."""
    scales: tuple[int, ...] = Field(min_length=1)
    """Numbers of rows, training and test rows together; a smaller scale is a part of a larger one."""
    seeds: tuple[int, ...] = Field(min_length=1)
    """Each splits, fits and draws anew."""
    test_share: float = Field(default=0.2, gt=0, lt=1)
    """The share of the rows that is held out."""
    conditions: tuple[str, ...] = Field(min_length=1)
    """Columns or expressions that are given."""
    draw: dict[str, Regime] = Field(min_length=1)
    """Columns in chain order with their regimes, each drawn knowing those before it."""
    methods: dict[str, Method] = Field(min_length=1)
    """Imputers by the name they go by here."""
    gates: tuple[str, ...] | None = None
    """The gates tried on their own: all that there are where none is named."""
    gate_zeros: float = Field(default=0.1, gt=0, lt=1)
    """The share of zeros from which on a column tries the gates."""
    crps_draws: int = Field(default=5, ge=2)
    """Draws for each test row that a column's CRPS is taken of."""
    prdc: Neighbours = Neighbours()
    """How precision, recall, density and coverage are taken."""
    calibration: Calibration = Calibration()
    """How the synthetic rows are calibrated to see what that leaves."""
    rare_cells: tuple[RareCell, ...] = ()
    """Cells whose share of the weight is held against the truth."""
    published: Published | None = None
    """Others' figures, shown beside."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for key in ("scales", "seeds", "conditions", "gates"):
            values = getattr(self, key) or ()
            if len(set(values)) < len(values):
                raise ValueError(f"{key} names one twice")
        cells = [cell.name for cell in self.rare_cells]
        if len(set(cells)) < len(cells):
            raise ValueError("rare_cells names one twice")
        if min(self.scales) < 1 or min(self.seeds) < 0:
            raise ValueError("scales are rows, at least 1; seeds are whole numbers, at least 0")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of a row: the conditions, then what is drawn."""
        return (*self.conditions, *self.draw)

    def imputer(self, method: str) -> str:
        return self.methods[method].imputer or method

    def only(self, methods: Iterable[str] = (), scales: Iterable[int] = (), seeds: Iterable[int] = ()) -> Bakeoff:
        """This bakeoff with some of its methods, and other scales and seeds, where any are given. SpecError."""
        problems = Problems()
        for name in (chosen := list(methods)):
            if name not in self.methods:
                problems.unknown("method", name, self.methods)
        problems.raise_if_any()
        kept = {name: method for name, method in self.methods.items() if name in chosen or not chosen}
        changed = {"methods": kept, "scales": tuple(scales) or self.scales, "seeds": tuple(seeds) or self.seeds}
        return Bakeoff.model_validate({**self.model_dump(by_alias=True), **changed})


def bakeoff_names(project: Project) -> list[str]:
    """The bakeoffs under conf/bakeoffs."""
    return sorted(path.stem for path in (project.conf / "bakeoffs").glob("*.yaml"))


def find_bakeoff(project: Project, name: str) -> tuple[Bakeoff, Document]:
    """The bakeoff called `name` under conf/bakeoffs, and its file with places. SpecError with every fault."""
    path = project.conf / "bakeoffs" / f"{name}.yaml"
    if not path.is_file():
        hint = did_you_mean(name, bakeoff_names(project))
        raise SpecError(Problem(f"no bakeoff {name!r} under conf/bakeoffs", hint=hint))
    document, problems = read_yaml(path, project.shown(path)), Problems()
    bakeoff = read_record(Bakeoff, document.data, document, (), problems, "the bakeoff", name=name)
    if bakeoff is not None:
        _check_names(bakeoff, document, problems)
    problems.raise_if_any()
    assert bakeoff is not None
    return bakeoff, document


def _check_names(bakeoff: Bakeoff, document: Document, problems: Problems) -> None:
    """Add a problem for each expression that is none, and each column or method named that is not declared."""
    for index, text in enumerate(bakeoff.conditions):
        _names(text, document, ("conditions", index), problems)
        if text in bakeoff.draw:
            place = document.place("conditions", index)
            problems.add(f"{text!r} is a condition and drawn", place, "keep one: what is drawn conditions what follows")
    for index, cell in enumerate(bakeoff.rare_cells):
        at: Path_ = ("rare_cells", index)
        used = [(name, (*at, "where")) for name in _names(cell.where, document, (*at, "where"), problems)]
        if cell.top:
            used.append((cell.top.column, (*at, "top", "column")))
        for name, field in used:
            if name not in bakeoff.columns:
                problems.unknown("column", name, bakeoff.columns, document.place(*field))
    by = bakeoff.calibration.by
    if by is not None and by not in bakeoff.conditions:
        problems.unknown("condition", by, bakeoff.conditions, document.place("calibration", "by"))
    told = bakeoff.published
    for figure, values in {"coverage": told.coverage, "fit_seconds": told.fit_seconds}.items() if told else ():
        for name in values:
            if name not in bakeoff.methods:
                problems.unknown("method", name, bakeoff.methods, document.place("published", figure, name, key=True))


def _names(text: str, document: Document, field: Path_, problems: Problems) -> tuple[str, ...]:
    try:
        return tuple(parse(text, document.place(*field)).names) if text else ()
    except SpecError as error:
        problems.absorb(error)
        return ()
