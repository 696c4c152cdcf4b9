"""Loading a spec: read its YAML files, validate every object, check names against each other, report all faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .benchmarks import Benchmark
from .check import check_spec
from .entities import Entities, Entity
from .errors import Place, Problems, SpecError
from .expand import expand_row
from .model import Spec, SpecFile
from .places import Places, read_record
from .project import Project, find_project
from .record import Record
from .sources import Source
from .targets import Target
from .variables import Variable
from .yaml_reader import Document, read_yaml


def load_spec(spec: str | Path, project: Project | None = None) -> Spec:
    """Read and check the spec called `spec` (a name under conf/specs, or a folder). SpecError with every fault."""
    project = project or find_project(Path(spec) if Path(spec).is_dir() else None)
    return _Loader(project, project.spec_folder(str(spec))).load()


class _Loader:
    """Reads the files of one spec and gathers their problems."""

    def __init__(self, project: Project, folder: Path):
        self.project, self.folder = project, folder
        self.problems, self.places = Problems(), Places()

    def load(self) -> Spec:
        settings = self.settings()
        entities = Entities(self.named("entities.yaml", Entity, "entity"))
        sources = self.named("sources.yaml", Source, "source")
        variables: dict[str, Variable] = {}
        for path in sorted((self.folder / "variables").glob("*.yaml")):
            self.merge(variables, self.named(f"variables/{path.name}", Variable, "variable"), "variable")
        benchmarks = tuple(self.listed("benchmarks.yaml", "benchmarks", Benchmark, "benchmark", optional=True))
        targets = tuple(self.targets(settings)) if settings else ()
        if not settings or not entities:
            self.problems.raise_if_any()
        assert settings is not None
        spec = Spec(
            settings=settings,
            folder=self.folder,
            project=self.project,
            entities=entities,
            sources=sources,
            variables=variables,
            targets=targets,
            benchmarks=benchmarks,
            places=self.places,
        )
        check_spec(spec, self.problems)
        self.problems.raise_if_any()
        return spec

    def read(self, path: Path) -> Document | None:
        try:
            return read_yaml(path, self.project.shown(path))
        except SpecError as error:
            self.problems.absorb(error)
            return None

    def settings(self) -> SpecFile | None:
        document = self.read(self.folder / "spec.yaml")
        if document is None:
            return None
        self.places.note("spec", "spec", document, ())
        return read_record(SpecFile, document.data, document, (), self.problems, "the spec")

    def named[M: Record](self, file: str, model: type[M], kind: str) -> dict[str, M]:
        """The objects of a file that maps names to objects."""
        document = self.read(self.folder / file)
        if document is None:
            return {}
        if not isinstance(document.data, dict):
            self.problems.add(f"the file must map names to {kind} definitions", document.place())
            return {}
        found = {}
        for name, data in document.data.items():
            self.places.note(kind, name, document, (name,))
            record = read_record(model, data or {}, document, (name,), self.problems, f"{kind} {name!r}", name=name)
            if record is not None:
                found[name] = record
        return found

    def merge(self, into: dict[str, Any], new: dict[str, Any], kind: str) -> None:
        for name, record in new.items():
            if name in into:
                self.problems.add(f"{kind} {name!r} is declared twice", self.places.of(kind, name))
            into[name] = record

    def listed[M: Record](
        self, file: str, key: str, model: type[M], kind: str, optional: bool = False
    ) -> Iterator[M]:
        path = self.folder / file
        if optional and not path.is_file():
            return
        document = self.read(path)
        if document is not None:
            yield from self.rows(document, key, model, kind)

    def targets(self, settings: SpecFile) -> Iterator[Target]:
        for entry in settings.targets:
            root = self.project.targets / entry
            found = sorted(root.rglob("*.yaml")) if root.is_dir() else [root]
            if not found or not found[0].is_file():
                place = self.places.of("spec", "spec", "targets")
                self.problems.add(f"no target file or folder {entry!r} under targets", place)
                continue
            for path in found:
                document = self.read(path)
                if document is not None:
                    yield from self.rows(document, "targets", Target, "target")

    def rows[M: Target | Benchmark](
        self, document: Document, key: str, model: type[M], kind: str
    ) -> Iterator[M]:
        """The objects of a file that lists them under `key`, its `defaults` filled in, its tables expanded."""
        data = document.data if isinstance(document.data, dict) else {}
        for name in set(data) - {key, "defaults", "source"}:
            self.problems.unknown("key", name, [key, "defaults", "source"], document.place(name, key=True))
        if not isinstance(data.get(key), tuple):
            self.problems.add(f"the file must list its {key} under {key!r}", document.place())
            return
        folder = self.folder if kind == "benchmark" else Path(self.project.root / document.file).parent
        for index, row in enumerate(data[key]):
            path = (key, index)
            place = document.place(*path)
            if not isinstance(row, dict):
                self.problems.add(f"a {kind} must be a mapping of keys to values", place)
                continue
            row = {**data.get("defaults", {}), **row}
            if isinstance(source := row.get("source", {}), dict) and data.get("source"):
                row["source"] = {**data["source"], **source}
            told = False
            for filled in expand_row(row, folder, place, self.problems):
                if told:
                    continue
                before = len(self.problems.found)
                record = read_record(model, filled, document, path, self.problems, f"{kind} {filled.get('id', '')!r}")
                # One fault of a table row would be told once a line of the table.
                told = len(self.problems.found) > before
                if record is not None:
                    self.note_id(kind, record.id, document, path, place)
                    yield record

    def note_id(self, kind: str, name: str, document: Document, path: tuple[str | int, ...], place: Place) -> None:
        earlier = self.places.of(kind, name)
        if earlier is not None:
            self.problems.add(f"{kind} id {name!r} stands twice", place, f"first at {earlier}")
            return
        self.places.note(kind, name, document, path)
