"""The closed world: every name that a spec uses must be declared, at the right level and of the right type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .errors import Place, Problem, Problems, SpecError
from .expression import parse
from .expression_check import ColumnInfo, check
from .graph import cycle
from .hashing import file_sha256
from .measure import check_measure, parse_measure
from .registry import ENGINES, IMPUTERS, READERS

if TYPE_CHECKING:
    from .model import Spec
    from .sources import Source
    from .variables import Variable

Columns = Mapping[str, ColumnInfo]
EngineColumns = Mapping[tuple[str, str], ColumnInfo] | None


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


def make_reader(spec: Spec, source: Source) -> Any:
    """The reader of a source with its parameters; SpecError, placed at the source, where they are wrong."""
    try:
        return READERS.load(source.reader)(source.params, spec.folder)
    except SpecError as error:
        place = spec.places.of("source", source.name, "params" if source.params else "reader")
        raise SpecError([Problem(p.message, p.place or place, p.hint) for p in error.problems]) from None


def donor_has(spec: Spec, name: str, donor: Mapping[str, Any]) -> bool:
    """Whether a donor source holds a variable, or all that its derivation needs."""
    variable = spec.variables.get(name)
    if variable is None or variable.column in donor:
        return name in donor or variable is not None
    if variable.derive is None:
        return False
    expression = parse(variable.derive)
    return not expression.engine_variables and all(donor_has(spec, other, donor) for other in expression.names)


class _Check:
    def __init__(self, spec: Spec, problems: Problems, engine_columns: EngineColumns):
        self.spec, self.problems, self.engine_columns = spec, problems, engine_columns
        self.columns = spec_columns(spec)
        self.source_columns: dict[str, Mapping[str, Any]] = {}

    def run(self) -> None:
        self.entities()
        if self.problems.found:
            return
        self.sources()
        self.settings()
        for variable in self.spec.variables.values():
            self.variable(variable)
        self.targets()
        self.benchmarks()
        if not self.problems.found and (ring := cycle(self.spec)):
            self.problems.add(
                f"variables need each other in a ring: {' -> '.join([*ring, ring[0]])}",
                self.place("variable", ring[0]),
                "take one of them out of the other's predictors",
            )

    def place(self, kind: str, name: str, *field: str | int, key: bool = False) -> Place | None:
        return self.spec.places.of(kind, name, *field, key=key)

    def entities(self) -> None:
        entities = self.spec.entities
        roots = [name for name, entity in entities.items() if not entity.within]
        if len(roots) != 1:
            self.problems.add(
                f"one entity must lie within no other (it carries the weights), found {', '.join(roots) or 'none'}",
                self.place("entity", roots[-1]) if roots else None,
            )
        for name, entity in entities.items():
            for index, group in enumerate(entity.within):
                if group not in entities:
                    self.problems.unknown("entity", group, entities, self.place("entity", name, "within", index))

    def sources(self) -> None:
        spec = self.spec
        if spec.settings.base not in spec.sources:
            self.problems.unknown("source", spec.settings.base, spec.sources, self.place("spec", "spec", "base"))
        target_ids = {target.id for target in spec.targets}
        for name, source in spec.sources.items():
            place = self.place("source", name, "reader")
            if source.reader not in READERS.names():
                self.problems.unknown("reader", source.reader, READERS.names(), place)
                continue
            try:
                reader = make_reader(spec, source)
                self.files(source, reader.files())
                self.source_columns[name] = reader.columns()
            except SpecError as error:
                self.problems.found.extend(Problem(p.message, p.place or place, p.hint) for p in error.problems)
            scale = source.scale_weights
            if scale and scale.to not in target_ids:
                self.problems.unknown("target", scale.to, target_ids, self.place("source", name, "scale_weights", "to"))
            if scale and scale.entity not in spec.entities:
                where = self.place("source", name, "scale_weights", "entity")
                self.problems.unknown("entity", scale.entity, spec.entities, where)

    def files(self, source: Source, files: list[Any]) -> None:
        names = {path.name: path for path in files}
        for path in files:
            if not path.is_file():
                self.problems.add(f"no such file: {path}", self.place("source", source.name, "params"))
        for name, wanted in source.sha256.items():
            place = self.place("source", source.name, "sha256", name)
            if name not in names:
                self.problems.unknown("file", name, names, place)
            elif names[name].is_file() and (found := file_sha256(names[name], self.spec.project.cache)) != wanted:
                self.problems.add(f"{name} is not the file that was declared: its sha256 is {found}", place)

    def settings(self) -> None:
        settings = self.spec.settings
        for name in set(settings.predictor_sets) & set(self.columns):
            self.problems.add(
                f"{name!r} names both a predictor set and a variable",
                self.place("spec", "spec", "predictor_sets", name, key=True),
            )

    def variable(self, variable: Variable) -> None:
        spec, name = self.spec, variable.name
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
                self.expression(text, variable.entity, "variable", name, "rate", "by", text)
        if variable.origin == "imputed":
            self.imputed(variable)
        self.uprating(variable)
        for engine in variable.engine:
            if engine not in ENGINES.names():
                where = self.place("variable", name, "engine", engine, key=True)
                self.problems.unknown("engine", engine, ENGINES.names(), where)
            elif self.engine_columns is not None:
                known = [known for owner, known in self.engine_columns if owner == engine]
                if known and variable.engine[engine].variable not in known:
                    where = self.place("variable", name, "engine", engine, "variable")
                    self.problems.unknown(f"{engine} variable", variable.engine[engine].variable, known, where)

    def observed(self, variable: Variable, base: Mapping[str, Any]) -> None:
        place = self.place("variable", variable.name, "observed")
        if variable.column not in base:
            self.problems.unknown(f"column of {self.spec.settings.base}", variable.column, base, place)
            return
        column = base[variable.column]
        if column.entity != variable.entity:
            self.problems.add(
                f"{variable.name} is declared for {variable.entity}, but {self.spec.settings.base} holds it for {column.entity}",
                self.place("variable", variable.name, "entity"),
            )
        elif column.dtype != variable.dtype:
            self.problems.add(
                f"{variable.name} is declared as {variable.unit}, but {self.spec.settings.base} holds a {column.dtype}",
                self.place("variable", variable.name, "unit"),
            )

    def imputed(self, variable: Variable) -> None:
        spec, name = self.spec, variable.name
        if variable.donor not in spec.sources:
            self.problems.unknown("source", variable.donor, spec.sources, self.place("variable", name, "from"))
            return
        donor = self.source_columns.get(variable.donor or "")
        if donor is not None and name not in donor:
            self.problems.unknown(f"column of {variable.donor}", name, donor, self.place("variable", name, "from"))
        if variable.imputer and variable.imputer.name not in IMPUTERS.names():
            where = self.place("variable", name, "imputer", "name")
            self.problems.unknown("imputer", variable.imputer.name, IMPUTERS.names(), where)
        for index, text in enumerate(variable.predictors):
            for item in spec.settings.predictor_sets.get(text, (text,)):
                self.predictor(variable, item, donor, "predictors", index)
        for index, text in enumerate(variable.order):
            self.predictor(variable, text, donor, "order", index)
        if variable.zero_when:
            found = self.expression(variable.zero_when, variable.entity, "variable", name, "zero_when")
            if found and found != "bool":
                self.problems.add("zero_when must be a predicate", self.place("variable", name, "zero_when"))
        if variable.share_of:
            total = spec.variables.get(variable.share_of)
            place = self.place("variable", name, "share_of")
            if total is None:
                self.problems.unknown("variable", variable.share_of, spec.variables, place)
            elif (total.donor, total.entity) != (variable.donor, variable.entity):
                self.problems.add(f"{name} and its total {total.name} must share donor and entity", place)

    def predictor(self, variable: Variable, text: str, donor: Mapping[str, Any] | None, field: str, index: int) -> None:
        name = variable.name
        self.expression(text, variable.entity, "variable", name, field, index)
        try:
            used = parse(text).names
        except SpecError:
            return
        place = self.place("variable", name, field, index)
        if name in used:
            self.problems.add(f"{name} cannot predict itself", place)
        for column in sorted(used & set(self.spec.variables)):
            if donor is not None and not donor_has(self.spec, column, donor):
                self.problems.add(f"predictor {column!r} is not in the donor {variable.donor}", place)

    def uprating(self, variable: Variable) -> None:
        spec = self.spec
        if variable.uprate and spec.settings.uprating is None:
            place = self.place("variable", variable.name, "uprate")
            self.problems.add("spec.yaml declares no uprating factors", place, "add uprating: {file: ...}")
        source = spec.sources.get(variable.donor or spec.settings.base)
        if variable.origin in ("observed", "imputed") and variable.unit == "usd" and not variable.uprate:
            if source and source.period != spec.period:
                self.problems.add(
                    f"{variable.name} is in dollars of {source.period}, the spec's are of {spec.period}: "
                    "say by which index it is uprated (uprate:)",
                    self.place("variable", variable.name),
                )

    def targets(self) -> None:
        spec = self.spec
        for target in spec.targets:
            if target.of not in spec.entities:
                self.problems.unknown("entity", target.of, spec.entities, self.place("target", target.id, "of"))
                continue
            if target.period != spec.period:
                self.problems.add(
                    f"target {target.id} is of {target.period}, the spec of {spec.period}, and no uprating rule leads there",
                    self.place("target", target.id, "period"),
                    "give the figure of the spec's period, or take the target out",
                )
            if target.where:
                found = self.expression(target.where, target.of, "target", target.id, "where")
                if found and found != "bool":
                    self.problems.add("where must be a predicate", self.place("target", target.id, "where"))
            place = self.place("target", target.id, "measure")
            self.guarded(
                lambda target=target, place=place: check_measure(
                    parse_measure(target.measure, place),
                    target.of,
                    spec.entities,
                    self.columns,
                    ENGINES.names(),
                    self.engine_columns,
                )
            )

    def benchmarks(self) -> None:
        for benchmark in self.spec.benchmarks:
            at = ("benchmark", benchmark.id)
            if benchmark.engine not in ENGINES.names():
                self.problems.unknown("engine", benchmark.engine, ENGINES.names(), self.place(*at, "engine"))
            elif self.engine_columns is not None:
                info = self.engine_columns.get((benchmark.engine, benchmark.variable))
                if info is None:
                    known = [name for engine, name in self.engine_columns if engine == benchmark.engine]
                    self.problems.unknown("engine variable", benchmark.variable, known, self.place(*at, "variable"))
                elif info.entity != benchmark.entity:
                    self.problems.add(
                        f"{benchmark.variable} is a variable of {info.entity}", self.place(*at, "entity")
                    )
            if benchmark.entity not in self.spec.entities:
                self.problems.unknown("entity", benchmark.entity, self.spec.entities, self.place(*at, "entity"))
            elif benchmark.where:
                self.expression(benchmark.where, benchmark.entity, *at, "where")

    def expression(self, text: str, entity: str, kind: str, name: str, *field: str | int) -> str | None:
        place = self.place(kind, name, *field)
        return self.guarded(
            lambda: check(
                parse(text, place), entity, self.spec.entities, self.columns, ENGINES.names(), self.engine_columns
            )
        )

    def guarded(self, action: Any) -> Any:
        """The action's result, or None with its problems noted."""
        try:
            return action()
        except SpecError as error:
            self.problems.absorb(error)
            return None
