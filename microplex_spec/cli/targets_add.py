"""targets add: append a row to a file of targets, checked as the whole spec is before anything is written."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ..spec.errors import Problem, SpecError, did_you_mean
from ..spec.project import Project
from .arguments import Parser, parser, project_of, spec_name

FIELDS = {
    "id": "stable dotted name, such as us.irs.eitc.amount",
    "of": "the entity that is counted or summed over",
    "measure": "count(), sum(x), mean(x) or share(predicate)",
    "where": "a predicate: over which of them",
    "value": "the published figure, without separators",
    "unit": "usd, count, share or usd_per_unit",
    "period": "the year (default: that of the file's defaults, else of spec.yaml)",
    "role": "fit (the default), holdout or monitor",
    "tolerance": "relative; else that of spec.yaml",
    "notes": "what a reader should know",
}
SOURCE = {
    "agency": "who published it",
    "title": "of the publication",
    "url": "where it lies",
    "table": "of the publication",
    "cell": "of the table",
    "vintage": "of the publication",
    "concept": "what is counted, to match benchmarks and families",
}
_NUMBERS = frozenset({"value", "period", "tolerance"})
_LACKS = re.compile(r"lacks '(\w+)'")


def make_parser() -> Parser:
    made = parser("targets add", __doc__ or "")
    made.add_argument("--file", metavar="FILE", help="the file of targets (default: the spec's, where it has but one)")
    for name, text in {**FIELDS, **SOURCE}.items():
        made.add_argument(f"--{name}", metavar=name.upper(), help=text)
    return made


def run(arguments: list[str]) -> int:
    from ..spec.hashing import write_atomically
    from ..spec.load import load_spec
    from ..spec.yaml_text import append_row, yaml_number, yaml_text

    options = make_parser().parse_intermixed_args(arguments)
    project = project_of(options.project)
    spec = spec_name(project, options.overrides)
    path = _file(project, spec, options.file)
    shown = project.shown(path)
    before = _text(path, shown) if path.is_file() else _head(project, path)
    given = {name: value for name, value in vars(options).items() if value is not None}
    if "period" not in given and (period := _period(project, spec, path, before)) is not None:
        given["period"] = period
    row = {name: (yaml_number if name in _NUMBERS else yaml_text)(given[name]) for name in FIELDS if name in given}
    source = {name: yaml_text(given[name]) for name in SOURCE if name in given}
    made = append_row(before, "targets", {**row, **({"source": source} if source else {})}, shown)
    try:
        loaded = load_spec(spec, project, texts={path: made.text})
    except SpecError as error:
        raise SpecError([_told(problem, shown, made.lines) for problem in error.problems]) from None
    if options.id not in {target.id for target in loaded.targets}:
        hint = f"list it, or its folder, under targets: in {project.shown(loaded.folder / 'spec.yaml')}"
        raise SpecError(Problem(f"the spec {loaded.name} does not read {shown}", hint=hint))
    try:
        write_atomically(path, made.text)
    except OSError as error:
        raise SpecError(f"cannot write {shown}: {error.strerror}") from None
    print(f"{shown}:{min(made.lines)}: added {options.id}")
    return 0


def _file(project: Project, spec: str, given: str | None) -> Path:
    """The file of targets to add to, which need not stand yet where it is named."""
    folder = project.spec_folder(spec)
    if given is not None:
        path = next((path for path in (Path(given), project.targets / given) if path.is_file()), Path(given))
        if not path.is_file() and not path.absolute().is_relative_to(project.targets):
            path = project.targets / given
        if path.suffix != ".yaml" or not path.parent.is_dir():
            raise SpecError(Problem(f"--file: {given} is no YAML file under targets", hint=_known(project)))
        return path.resolve()
    from ..spec.load import target_files
    from ..spec.yaml_reader import read_yaml

    settings = folder / "spec.yaml"
    listed = read_yaml(settings, project.shown(settings)).data.get("targets", ())
    files = sorted({path for entry in listed for path in target_files(project, entry)})
    if len(files) != 1:
        raise SpecError(
            Problem(f"the spec has {len(files)} files of targets: name one by --file", hint=_known(project))
        )
    return files[0].resolve()


def _period(project: Project, spec: str, path: Path, text: str) -> str | None:
    """The year of the spec, for a row of a file whose defaults give none."""
    from ..spec.yaml_reader import read_yaml

    content = read_yaml(path, project.shown(path), text).data
    defaults = content.get("defaults") if isinstance(content, dict) else None
    if isinstance(defaults, dict) and "period" in defaults:
        return None
    settings = project.spec_folder(spec) / "spec.yaml"
    declared = read_yaml(settings, project.shown(settings)).data
    period = declared.get("period") if isinstance(declared, dict) else None
    return str(period) if isinstance(period, int) else None


def _text(path: Path, shown: str) -> str:
    """The text of a file with its line endings as they are."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise SpecError(f"{shown}: not a text in UTF-8") from None
    except OSError as error:
        raise SpecError(f"{shown}: cannot be read: {error.strerror}") from None


def _head(project: Project, path: Path) -> str:
    """The first line of a new file: where editors find its schema, if the project holds the schemas."""
    from ..spec.schemas import SCHEMAS, modeline

    folder = project.root / SCHEMAS
    if not folder.is_dir():
        return ""
    return modeline("targets", os.path.relpath(folder, path.parent).replace(os.sep, "/")) + "\n"


def _known(project: Project) -> str:
    names = sorted(str(path.relative_to(project.targets)) for path in project.targets.rglob("*.yaml"))
    return did_you_mean("", names)


def _told(problem: Problem, file: str, lines: object) -> Problem:
    """A fault of the new row by the option that gave it, since its line stands in no file; others as they are."""
    place = problem.place
    field = lines.get(place.line) if isinstance(lines, dict) and place and place.file == file else None
    if field is None:
        return problem
    if lacking := _LACKS.search(problem.message):
        return Problem(problem.message, hint=f"give --{lacking[1]}")
    return Problem(f"--{field[-1]}: {problem.message}", hint=problem.hint)
