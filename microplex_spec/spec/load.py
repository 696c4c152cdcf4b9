"""Loading a spec: read its YAML files, validate every object, check names against each other, report all faults."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .adoption import adopted_imputers
from .benchmarks import Benchmark
from .check import check_spec
from .checks import Check, read_checks
from .entities import Entities, Entity
from .errors import Problems, SpecError, did_you_mean
from .expand import EXPANSION_KEYS, expand_row
from .faults import keys_at
from .model import Spec, SpecFile
from .places import Places, read_record
from .project import Project, find_project
from .record import Record
from .rules import Rule, read_rules
from .sources import Source
from .targets import Target
from .variables import Variable
from .yaml_reader import Document, Path_, read_yaml


def load_spec(spec: str | Path, project: Project | None = None, texts: Mapping[Path, str] | None = None) -> Spec:
    """Read and check the spec called `spec` (a name under conf/specs, or a folder). SpecError with every fault.

    texts: what files of targets are to hold, by resolved path, to try a change before it is made.
    """
    project = project or find_project(Path(spec) if Path(spec).is_dir() else None)
    return _Loader(project, project.spec_folder(str(spec)), texts or {}).load()


def target_files(project: Project, entry: str) -> list[Path]:
    """The files that an entry of a spec's targets stands for: a file or a folder under the project's targets."""
    root = project.targets / entry
    return sorted(root.rglob("*.yaml")) if root.is_dir() else [root] if root.is_file() else []


class _Loader:
    """Reads the files of one spec and gathers their problems."""

    def __init__(self, project: Project, folder: Path, texts: Mapping[Path, str]):
        self.project, self.folder, self.texts = project, folder, texts
        self.problems, self.places = Problems(), Places()
        # Whether every file could be read: else names would be called unknown that stand in a file not read.
        self.complete = True

    def load(self) -> Spec:
        settings = self.settings()
        declared = self.named("entities.yaml", Entity, "entity")
        entities = Entities(declared)
        sources = self.named("sources.yaml", Source, "source")
        variables: dict[str, Variable] = {}
        for path in sorted((self.folder / "variables").glob("*.yaml")):
            variables.update(self.named(f"variables/{path.name}", Variable, "variable"))
        if not (self.folder / "variables").is_dir():
            self.problems.add(f"no such folder: {self.project.shown(self.folder / 'variables')}")
        benchmarks = tuple(self.benchmarks())
        rules = tuple(self.rules())
        checks = tuple(self.checks())
        targets = tuple(self.targets(settings)) if settings else ()
        if settings is None or not self.complete or self.places.names("entity") != set(declared) or not declared:
            raise SpecError(self.problems.found)
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
            rules=rules,
            checks=checks,
        )
        check_spec(spec, self.problems)
        adopted = adopted_imputers(spec, self.problems)
        self.problems.raise_if_any()
        return replace(spec, adopted=adopted)

    def read(self, path: Path) -> Document | None:
        try:
            return read_yaml(path, self.project.shown(path), self.texts.get(path.resolve()) if self.texts else None)
        except SpecError as error:
            self.problems.absorb(error)
            self.complete = False
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
        if not isinstance(document.data, dict) or not document.data:
            self.problems.add(f"the file must map names to {kind} definitions", document.place())
            self.complete = False
            return {}
        found = {}
        for name, data in document.data.items():
            place = document.place(name, key=True)
            if earlier := self.places.note(kind, name, document, (name,)):
                self.problems.add(f"{kind} {name!r} is declared twice", place, f"first at {earlier}")
            elif not name.isidentifier() or keyword.iskeyword(name):
                self.problems.add(f"{name!r} cannot name a {kind}", place, "use letters, digits and _, no digit first")
            else:
                data = {} if data is None else data
                record = read_record(model, data, document, (name,), self.problems, f"{kind} {name!r}", name=name)
                if record is not None:
                    found[name] = record
        return found

    def benchmarks(self) -> Iterator[Benchmark]:
        path = self.folder / "benchmarks.yaml"
        document = self.read(path) if path.is_file() else None
        if document is not None:
            yield from self.rows(document, self.folder, "benchmarks", Benchmark, "benchmark")

    def rules(self) -> Iterator[Rule]:
        path = self.folder / "rules.yaml"
        document = self.read(path) if path.is_file() else None
        if document is not None:
            yield from read_rules(document, self.places, self.problems)

    def checks(self) -> Iterator[Check]:
        path = self.folder / "checks.yaml"
        document = self.read(path) if path.is_file() else None
        if document is not None:
            yield from read_checks(document, self.places, self.problems)

    def targets(self, settings: SpecFile) -> Iterator[Target]:
        files: dict[Path, None] = {}
        for index, entry in enumerate(settings.targets):
            root = (self.project.targets / entry).resolve()
            tried = [path for path in self.texts if path.is_relative_to(root) and not path.exists()]
            found = sorted([*target_files(self.project, entry), *tried])
            if not found:
                known = [str(path.relative_to(self.project.targets)) for path in self.project.targets.rglob("*")]
                hint = did_you_mean(entry, [name for name in known if not name.endswith(".csv")])
                place = self.places.of("spec", "spec", "targets", index)
                self.problems.add(f"no target file or folder {entry!r} under targets", place, hint)
                self.complete = False
            files.update(dict.fromkeys(found))
        for path in files:
            document = self.read(path)
            if document is not None:
                yield from self.rows(document, path.parent, "targets", Target, "target")

    def rows[M: Target | Benchmark](
        self, document: Document, folder: Path, key: str, model: type[M], kind: str
    ) -> Iterator[M]:
        """The objects of a file that lists them under `key`, its `defaults` filled in, its tables expanded."""
        data = document.data if isinstance(document.data, dict) else {}
        shared = {"defaults": (), "source": ("source",)}
        for name in set(data) - {key, *shared}:
            self.problems.unknown("key", name, [key, *shared], document.place(name, key=True))
        if not isinstance(data.get(key), tuple):
            self.problems.add(f"the file must list its {key} under {key!r}", document.place())
            return
        for name in shared:
            if not isinstance(data.get(name, {}), dict):
                self.problems.add(f"{name!r} must be a mapping of keys to values", document.place(name))
                return
        for above, below in shared.items():
            document.inherit((above,), [(key, index, *below) for index in range(len(data[key]))])
        for index, row in enumerate(data[key]):
            path = (key, index)
            if not isinstance(row, dict):
                self.problems.add(f"a {kind} must be a mapping of keys to values", document.place(*path))
                continue
            row = {**data.get("defaults", {}), **row}
            if isinstance(source := row.get("source", {}), dict) and "source" in data:
                row["source"] = {**data["source"], **source}
            yield from self.row(row, document, folder, path, model, kind)

    def row[M: Target | Benchmark](
        self, row: dict[str, Any], document: Document, folder: Path, path: Path_, model: type[M], kind: str
    ) -> Iterator[M]:
        before = len(self.problems.found)
        known = {*keys_at(model), *EXPANSION_KEYS}
        for key in sorted(set(row) - known):
            self.problems.unknown("key", key, known, document.place(*path, key, key=True))
        if len(self.problems.found) > before:
            self.note_faulty(row, document, path, kind)
            return
        for data, line, at in expand_row(row, folder, document, path, self.problems):
            # One fault of a table row would be told once a line of the table.
            if len(self.problems.found) > before:
                break
            name = data.get("id")
            what = f"{kind} {name!r}" if isinstance(name, str) else f"the {kind}"
            if isinstance(name, str) and (earlier := self.places.note(kind, name, document, path, row, line, at)):
                place, hint = document.place(*path, "id"), f"first at {earlier}"
                self.problems.add(f"{kind} id {name!r} stands twice", place, hint)
            record = read_record(model, data, document, path, self.problems, what)
            if record is not None:
                yield record
        if len(self.problems.found) > before:
            self.note_faulty(row, document, path, kind)

    def note_faulty(self, row: dict[str, Any], document: Document, path: Path_, kind: str) -> None:
        """Remember what a faulty row declares, so that nothing that refers to it is called unknown."""
        if isinstance(row.get("id"), str):
            self.places.note(kind, row["id"], document, path, row)
