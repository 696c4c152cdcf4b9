"""Where things lie: a project is a folder with conf/ and targets/, found upward from the working folder."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from .errors import Problem, SpecError, did_you_mean


@dataclass(frozen=True)
class Project:
    """The folder that holds conf/, targets/ and runs/."""

    root: Path

    @property
    def conf(self) -> Path:
        return self.root / "conf"

    @property
    def targets(self) -> Path:
        return self.root / "targets"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def cache(self) -> Path:
        """Profiles, file hashes and engine indexes: made anew when lost, so never part of a result."""
        return self.runs / ".cache"

    @property
    def bakeoffs(self) -> Path:
        return self.runs / "bakeoffs"

    @property
    def store(self) -> Path:
        return self.runs / ".store"

    def spec_folder(self, spec: str) -> Path:
        """The folder of a spec given by its name under conf/specs or by a path."""
        named = self.conf / "specs" / spec
        for folder in (named, Path(spec), self.root / spec):
            if (folder / "spec.yaml").is_file():
                return folder.resolve()
            if folder.is_dir() and spec:
                raise SpecError(f"{self.shown(folder)} is no spec: it holds no spec.yaml")
        known = [path.parent.name for path in (self.conf / "specs").glob("*/spec.yaml")]
        hint = did_you_mean(spec, known) or "ls conf/specs shows them"
        raise SpecError(Problem(f"no spec {spec!r} under conf/specs, and no such folder", hint=hint))

    def shown(self, path: Path) -> str:
        """A path as a user would type it from the project's root."""
        try:
            return str(path.resolve().relative_to(self.root.resolve()))
        except ValueError:
            return str(path)


def find_project(start: Path | None = None, given: str | None = None) -> Project:
    """The project named by --project, or the nearest one at or above `start`. SpecError where there is none."""
    if given:
        root = Path(given)
        if not _is_project(root):
            message = f"{given} is no project: it needs the folders conf and targets"
            raise SpecError(Problem(message, hint=f"microplex-spec init {given} makes one of a new folder"))
        return Project(root.resolve())
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if _is_project(folder):
            return Project(folder)
    raise SpecError(
        Problem(
            "no project here: no folder with conf and targets at or above this one",
            hint="change into the project's folder, give --project DIR, or make one: microplex-spec init DIR",
        )
    )


def _is_project(folder: Path) -> bool:
    return (folder / "conf").is_dir() and (folder / "targets").is_dir()


def resolve_file(reference: str, base: Path) -> Path:
    """A file named in a spec: relative to `base`, or inside an installed package as package:NAME/FILE."""
    if reference.startswith("package:"):
        package, _, rest = reference.removeprefix("package:").partition("/")
        found = importlib.util.find_spec(package)
        if found is None or not found.origin:
            raise SpecError(f"{reference}: the package {package!r} is not installed")
        return Path(found.origin).parent / rest
    return (base / reference).resolve()
