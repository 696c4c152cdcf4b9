"""The closed world: every name that a spec uses must be declared, at the right level and of the right type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from .check_checks import check_checks
from .check_sources import check_sources, donor_has, make_reader, uprating_indices
from .errors import Place, Problems, SpecError
from .expression import parse
from .expression_check import ColumnInfo, ValueType, check
from .graph import cycle
from .measure import Measure, check_measure, parse_measure
from .registry import ENGINES, IMPUTERS

if TYPE_CHECKING:
    from .benchmarks import Benchmark
    from .model import Spec
    from .targets import Target
    from .variables import Backend, Variable

__all__ = ["check_spec", "make_reader", "spec_columns"]

EngineColumns = Mapping[tuple[str, str], ColumnInfo] | None

# Units of each measure; of a sum or mean the first is for dollars, the others for all that is not.
_UNITS = {"count": ("count",), "share": ("share",), "sum": ("usd", "count"), "mean": ("usd_per_unit", "count", "share")}
# Columns that a population keeps its weights in.
_WEIGHTS = ("design_weight", "weight")


def check_spec(spec: Spec, problems: Problems, engine_columns: EngineColumns = None) -> None:
    """Add every fault that can be seen without reading data to `problems`.

    engine_columns: what the rules engines know ({(engine, variable): info}); None leaves their variables unchecked.
    """
    _Check(spec, problems, engine_columns).run()


def spec_columns(spec: Spec) -> dict[str, ColumnInfo]:
    """Every column that an expression may name: the declared variables, and the columns that mark roles."""
    columns = {
        role: ColumnInfo(spec.entities.member, "bool")
        for entity in spec.entities.values()
        for role in entity.roles.values()
    }
    columns.update({name: ColumnInfo(v.entity, v.dtype) for name, v in spec.variables.items()})
    return columns


class _Check:
    def __init__(self, spec: Spec, problems: Problems, engine_columns: EngineColumns):
        self.spec, self.problems, self.engine_columns = spec, problems, engine_columns
        # Declared, but told as faulty by itself: what rests on these is not told a second time.
        placed = {name for name, variable in spec.variables.items() if variable.entity in spec.entities}
        self.faulty = {*spec.variables, *spec.places.names("variable")} - placed
        self.columns = {name: column for name, column in spec_columns(spec).items() if name not in self.faulty}
        self.source_columns: dict[str, Mapping[str, Any]] = {}
        self.indices: set[str] | None = None
        self.readable = True
        self.fed: dict[tuple[str, str], str] = {}

    def run(self) -> None:
        before = len(self.problems.found)
        self.entities()
        if len(self.problems.found) > before:
            return
        self.source_columns = check_sources(self.spec, self.problems)
        self.indices = uprating_indices(self.spec, self.problems)
        self.settings()
        self.stages()
        self.roles()
        for variable in self.spec.variables.values():
            self.variable(variable)
        if self.readable and (found := cycle(self.spec)):
            ring, field = found
            self.problems.add(
                f"variables need each other in a ring: {' -> '.join([*ring, ring[0]])}",
                self.place("variable", ring[0], *field, key=field[0] == "rate"),
                "each is made from the next; take one of these uses out",
            )
        self.targets()
        for benchmark in self.spec.benchmarks:
            self.benchmark(benchmark)
        check_checks(self.spec, self.problems)

    def place(self, kind: str, name: str, *field: str | int, key: bool = False) -> Place | None:
        return self.spec.places.of(kind, name, *field, key=key)

    def entities(self) -> None:
        entities = self.spec.entities
        roots = [name for name, entity in entities.items() if not entity.within]
        if len(roots) != 1:
            self.problems.add(
                f"one entity must lie within no other (it carries the weights), found {', '.join(roots) or 'none'}",
                self.place("entity", roots[-1] if roots else next(iter(entities))),
            )
        for name, entity in entities.items():
            for index, group in enumerate(entity.within):
                place = self.place("entity", name, "within", index)
                if group == name:
                    self.problems.add(f"a {name} cannot lie within itself", place)
                elif group not in entities:
                    self.problems.unknown("entity", group, entities, place)
                else:
                    for above in set(entities[group].within) - {*entity.within, name}:
                        hint = f"add {above} to its within:"
                        self.problems.add(f"a {group} lies within a {above}, so a {name} does too", place, hint)

    def settings(self) -> None:
        settings, sources = self.spec.settings, {*self.spec.sources, *self.spec.places.names("source")}
        if settings.base not in sources:
            self.problems.unknown("source", settings.base, sources, self.place("spec", "spec", "base"))
        self.imputer(settings.imputer, "spec", "spec")
        uprated = [name for name, variable in self.spec.variables.items() if variable.uprate]
        if uprated and settings.uprating is None:
            place = self.place("variable", uprated[0], "uprate")
            self.problems.add("spec.yaml declares no growth factors to uprate by", place, "add uprating: {file: ...}")
        for name in sorted(set(settings.predictor_sets) & (set(self.columns) | self.faulty)):
            self.problems.add(
                f"{name!r} names both a predictor set and a variable",
                self.place("spec", "spec", "predictor_sets", name, key=True),
            )

    def stages(self) -> None:
        """Check that each stage has a name of its own and each of its globs a target, and that columns are columns."""
        settings, by = self.spec.settings.calibration, ("spec", "spec", "calibration", "stages_by")
        if settings.stages and settings.stages_by:
            self.problems.add(
                "calibration has both stages and stages_by", self.place(*by, key=True), "keep one of them"
            )
        for number, column in enumerate(settings.stages_by):
            if column not in self.columns and column not in self.faulty:
                self.problems.unknown("column to stage targets by", column, self.columns, self.place(*by, number))
        ids = {*(target.id for target in self.spec.targets), *self.spec.places.names("target")}
        names: set[str] = set()
        for number, stage in enumerate(settings.stages):
            at = ("spec", "spec", "calibration", "stages", number)
            if stage.name in names:
                self.problems.add(f"the stage {stage.name!r} stands twice", self.place(*at, "name"), "rename it")
            names.add(stage.name)
            for index, glob in enumerate(stage.targets):
                if not any(fnmatchcase(name, glob) for name in ids):
                    self.problems.unknown("target or glob of targets", glob, ids, self.place(*at, "targets", index))

    def roles(self) -> None:
        base = self.source_columns.get(self.spec.settings.base)
        for name, entity in self.spec.entities.items():
            for role, column in entity.roles.items():
                declared = column in self.spec.variables or column in self.faulty
                if base is not None and column not in base and not declared:
                    place = self.place("entity", name, "roles", role)
                    self.problems.unknown(f"column of {self.spec.settings.base}", column, base, place)

    def variable(self, variable: Variable) -> None:
        spec, name = self.spec, variable.name
        if name in (*_WEIGHTS, *(entity.key for entity in spec.entities.values())):
            what = "weights" if name in _WEIGHTS else "the ids of its rows"
            self.problems.add(f"the population keeps {what} in {name!r}", self.place("variable", name), "rename it")
        if variable.entity not in spec.entities:
            self.problems.unknown("entity", variable.entity, spec.entities, self.place("variable", name, "entity"))
            return
        base = self.source_columns.get(spec.settings.base)
        if variable.origin == "observed" and base is not None:
            self.observed(variable, base)
        if variable.derive is not None:
            found = self.expression(variable.derive, variable.entity, "variable", name, "derive")
            if found and found != variable.dtype:
                self.problems.add(
                    f"{name} is declared as {variable.unit}, but its expression gives a {found}",
                    self.place("variable", name, "derive"),
                )
        if variable.rate is not None:
            for text in variable.rate.by:
                self.predicate(text, variable.entity, "variable", name, "rate", "by", text, key=True)
        if variable.origin == "imputed":
            self.imputed(variable)
        self.uprating(variable)
        self.engines(variable)

    def engines(self, variable: Variable) -> None:
        for engine, mapping in variable.engine.items():
            at = ("variable", variable.name, "engine", engine)
            other = self.fed.setdefault((engine, mapping.variable), variable.name)
            if other != variable.name:
                place, fed = self.place(*at, "variable"), f"{engine}.{mapping.variable}"
                self.problems.add(f"{fed} is fed twice, by {other} and {variable.name}", place, "derive their sum")
            if mapping.where:
                self.predicate(mapping.where, self.spec.entities.member, *at, "where")
            if engine not in ENGINES.names():
                self.problems.unknown("engine", engine, ENGINES.names(), self.place(*at, key=True))
            elif self.engine_columns is not None:
                known = [known for owner, known in self.engine_columns if owner == engine]
                if known and mapping.variable not in known:
                    self.problems.unknown(f"{engine} variable", mapping.variable, known, self.place(*at, "variable"))

    def observed(self, variable: Variable, base: Mapping[str, Any]) -> None:
        survey = self.spec.settings.base
        if variable.column not in base:
            place = self.place("variable", variable.name, "observed")
            self.problems.unknown(f"column of {survey}", variable.column, base, place)
            return
        column = base[variable.column]
        if column.entity != variable.entity:
            self.problems.add(
                f"{variable.name} is declared for {variable.entity}, but {survey} holds it for {column.entity}",
                self.place("variable", variable.name, "entity"),
            )
        elif column.dtype != variable.dtype:
            self.problems.add(
                f"{variable.name} is declared as {variable.unit}, but {survey} holds a {column.dtype}",
                self.place("variable", variable.name, "unit"),
            )

    def imputer(self, asked: Backend | None, kind: str, name: str) -> None:
        if asked and asked.name is not None and asked.name not in IMPUTERS.names():
            where = self.place(kind, name, "imputer", "name")
            self.problems.unknown("imputer", asked.name, IMPUTERS.names(), where)

    def imputed(self, variable: Variable) -> None:
        spec, name = self.spec, variable.name
        sources = {*spec.sources, *spec.places.names("source")}
        if variable.donor not in sources:
            self.problems.unknown("source", variable.donor, sources, self.place("variable", name, "from"))
        donor = self.source_columns.get(variable.donor or "")
        if donor is not None and name not in donor:
            self.problems.unknown(f"column of {variable.donor}", name, donor, self.place("variable", name, "from"))
        self.imputer(variable.imputer, "variable", name)
        for field, items in (("predictors", variable.predictors), ("order", variable.order)):
            for index, item in enumerate(items):
                if item in spec.settings.predictor_sets:
                    for number, text in enumerate(spec.settings.predictor_sets[item]):
                        self.predictor(variable, text, donor, "spec", "spec", "predictor_sets", item, number)
                elif item.isidentifier() and item not in {*self.columns, *self.faulty}:
                    known = {*self.columns, *spec.settings.predictor_sets}
                    self.problems.unknown("predictor", item, known, self.place("variable", name, field, index))
                else:
                    self.predictor(variable, item, donor, "variable", name, field, index)
        if variable.zero_when:
            self.predicate(variable.zero_when, variable.entity, "variable", name, "zero_when")
        if variable.share_of and variable.share_of not in self.faulty:
            total = spec.variables.get(variable.share_of)
            place = self.place("variable", name, "share_of")
            if total is None:
                self.problems.unknown("variable", variable.share_of, spec.variables, place)
            elif (total.donor, total.entity) != (variable.donor, variable.entity):
                self.problems.add(f"{name} and its total {total.name} must share donor and entity", place)

    def predictor(
        self, variable: Variable, text: str, donor: Mapping[str, Any] | None, kind: str, name: str, *field: str | int
    ) -> None:
        self.expression(text, variable.entity, kind, name, *field)
        if donor is None or not self.readable:
            return
        base = self.source_columns.get(self.spec.settings.base, {})
        for column in sorted(parse(text).names & set(self.spec.variables)):
            other = self.spec.variables[column]
            told = column == variable.name or (other.origin == "observed" and other.column not in base)
            if not told and not donor_has(self.spec, column, donor):
                place = self.place(kind, name, *field)
                self.problems.add(f"predictor {column!r} is not in the donor {variable.donor}", place)

    def uprating(self, variable: Variable) -> None:
        spec, place = self.spec, self.place("variable", variable.name, "uprate")
        if variable.uprate and self.indices is not None and variable.uprate not in self.indices:
            self.problems.unknown("uprating index", variable.uprate, self.indices, place)
        if variable.uprate and variable.regime in ("count", "binary"):
            self.problems.add(f"a {variable.regime} variable cannot be uprated: it would not stay one", place)
        source = spec.sources.get(variable.donor or spec.settings.base)
        surveyed = variable.origin in ("observed", "imputed") and variable.unit == "usd"
        if surveyed and not variable.uprate and source and source.period != spec.period:
            self.problems.add(
                f"{variable.name} is in dollars of {source.period}, the spec's are of {spec.period}",
                self.place("variable", variable.name),
                "say by which index it is uprated: uprate:",
            )

    def targets(self) -> None:
        """Check the targets, those of one table row until the first that has a fault."""
        told = None
        for target in self.spec.targets:
            document, path = self.spec.places.written("target", target.id) or (None, ())
            row = (document.file if document else target.id, path)
            before = len(self.problems.found)
            if row != told:
                self.target(target)
            if len(self.problems.found) > before:
                told = row

    def target(self, target: Target) -> None:
        spec, at = self.spec, ("target", target.id)
        if target.period != spec.period:
            self.problems.add(
                f"the target is of {target.period}, the spec of {spec.period}, and no uprating rule leads there",
                self.place(*at, "period"),
                "give the figure of the spec's period, or take the target out",
            )
        if target.of not in spec.entities:
            self.problems.unknown("entity", target.of, spec.entities, self.place(*at, "of"))
            return
        if target.where:
            self.predicate(target.where, target.of, *at, "where")
        self.guarded(lambda place: self.measure(target, place), *at, "measure")

    def measure(self, target: Target, place: Place | None) -> None:
        measure = parse_measure(target.measure, place)
        if not (measure.argument and measure.argument.names & self.faulty):
            check_measure(measure, target.of, self.spec.entities, self.columns, ENGINES.names(), self.engine_columns)
        # Last, since what is at fault above is checked once more for its place.
        self.unit(target, measure)

    def unit(self, target: Target, measure: Measure) -> None:
        """Check that what is measured can have the target's unit, and that the figure can be of it."""
        at, argument = ("target", target.id), measure.argument
        allowed = _UNITS[measure.kind]
        measured = self.spec.variables.get(str(argument).removeprefix("-")) if argument else None
        if measured and measure.kind in ("sum", "mean"):
            allowed = (allowed[0],) if measured.unit == "usd" else allowed[1:]
        if target.unit not in allowed:
            hint = f"write unit: {' or '.join(allowed)}"
            self.problems.add(f"{measure} cannot be in {target.unit}", self.place(*at, "unit"), hint)
        elif target.unit == "share" and not 0 <= target.value <= 1:
            hint = "a share of 65 % is 0.65" if 1 < target.value <= 100 else ""
            self.problems.add(f"a share lies from 0 to 1, not at {target.value:g}", self.place(*at, "value"), hint)
        elif measure.kind == "count" and target.value < 0:
            self.problems.add(f"a count is not below zero, as {target.value:g} is", self.place(*at, "value"))

    def benchmark(self, benchmark: Benchmark) -> None:
        at = ("benchmark", benchmark.id)
        if benchmark.engine not in ENGINES.names():
            self.problems.unknown("engine", benchmark.engine, ENGINES.names(), self.place(*at, "engine"))
        elif self.engine_columns is not None:
            info = self.engine_columns.get((benchmark.engine, benchmark.variable))
            if info is None:
                known = [name for engine, name in self.engine_columns if engine == benchmark.engine]
                self.problems.unknown("engine variable", benchmark.variable, known, self.place(*at, "variable"))
            elif info.entity != benchmark.entity:
                self.problems.add(f"{benchmark.variable} is a variable of {info.entity}", self.place(*at, "entity"))
        if benchmark.entity not in self.spec.entities:
            self.problems.unknown("entity", benchmark.entity, self.spec.entities, self.place(*at, "entity"))
        elif benchmark.where:
            self.predicate(benchmark.where, benchmark.entity, *at, "where")

    def predicate(self, text: str, entity: str, kind: str, name: str, *field: str | int, key: bool = False) -> None:
        found = self.expression(text, entity, kind, name, *field, key=key)
        if found not in (None, "bool"):
            hint = f"compare it, as in {text} > 0" if found == "number" else f"compare it, as in {text} == '...'"
            what = "a number" if found == "number" else "a code"
            self.problems.add(f"{text} is {what}, not a predicate", self.place(kind, name, *field, key=key), hint)

    def expression(
        self, text: str, entity: str, kind: str, name: str, *field: str | int, key: bool = False
    ) -> ValueType | None:
        """The type of an expression's value; None for a fault, which is noted, or if it rests on a faulty variable."""

        def checked(place: Place | None) -> ValueType | None:
            try:
                expression = parse(text, place)
            except SpecError:
                self.readable = False
                raise
            if expression.names & self.faulty:
                return None
            return check(expression, entity, self.spec.entities, self.columns, ENGINES.names(), self.engine_columns)

        return self.guarded(checked, kind, name, *field, key=key)

    def guarded[T](
        self, action: Callable[[Place | None], T], kind: str, name: str, *field: str | int, key: bool = False
    ) -> T | None:
        """The result of an action on a field's text, or None with its problems noted where they stand in the file."""
        # Only a fault needs the place: nearly all texts have none, and one without a place is parsed once.
        with suppress(SpecError):
            return action(None)
        try:
            return action(self.place(kind, name, *field, key=key))
        except SpecError as error:
            for problem in error.problems:
                place = self.spec.places.inside(kind, name, field, problem.place)
                self.problems.add(problem.message, place, problem.hint)
            return None
