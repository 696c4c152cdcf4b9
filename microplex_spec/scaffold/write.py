"""Writing a new project: all of its files, or none."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from ..spec.errors import Problem, SpecError
from ..spec.schemas import SCHEMAS, file_kind, modeline, schema_texts

TEMPLATES = files(__package__) / "templates"


@dataclass(frozen=True)
class ProjectFiles:
    """A project that is yet to be written. spec: its name. files: text by path, seen from the project's folder.

    told: what the user should know about how it was made, a line each.
    """

    spec: str
    files: Mapping[str, str]
    told: tuple[str, ...] = ()


def write_project(project: ProjectFiles, folder: Path) -> None:
    """Write the project's files, its schemas and an empty runs/ into `folder`, made at once under its name.

    Raises SpecError where the folder holds anything or cannot be written; then nothing is left behind.
    """
    refuse_used(folder)
    own = template_files("project", {"spec": project.spec})
    contents = {
        "conf/build.yaml": own["build.yaml"],
        ".gitignore": own["gitignore"],
        "README.md": own["README.md"],
        "runs/.gitkeep": "",
        **project.files,
    }
    # Found before anything else is made: a folder that cannot be written is no reason to leave another behind.
    made: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        made.chmod(0o777 & ~_umask())
        for name, text in {**contents, **schema_texts(SCHEMAS)}.items():
            path = made / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_with_modeline(name, text), encoding="utf-8")
        if folder.is_dir():
            # Kept as it is, since it may be a mount or the working folder of a shell.
            for entry in made.iterdir():
                entry.rename(folder / entry.name)
            made.rmdir()
        else:
            made.rename(folder)
    except OSError as error:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)
        raise SpecError(f"cannot write {folder}: {error.strerror or error}") from None


def template_files(name: str, slots: Mapping[str, str]) -> dict[str, str]:
    """The texts of a packaged template by their path in it, with each {slot} that is given filled in."""
    texts = {}
    for path, file in _walk(TEMPLATES / name):
        text = file.read_text(encoding="utf-8")
        for slot, value in slots.items():
            text = text.replace("{" + slot + "}", value)
        texts[path] = text
    return texts


def _walk(folder: Traversable, above: str = "") -> list[tuple[str, Traversable]]:
    found = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{above}{entry.name}"
        found += _walk(entry, f"{path}/") if entry.is_dir() else [(path, entry)]
    return found


def _with_modeline(name: str, text: str) -> str:
    """A YAML file with the first line by which an editor finds its schema; other files as they are."""
    kind = file_kind(name)
    if kind is None:
        return text
    upward = os.path.relpath(SCHEMAS, PurePosixPath(name).parent).replace(os.sep, "/")
    return f"{modeline(kind, upward)}\n{text}"


def refuse_used(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        raise SpecError(Problem(f"{folder} is not empty", hint="name a new folder, or an empty one"))
    if folder.exists() and not folder.is_dir():
        raise SpecError(Problem(f"{folder} is a file", hint="name a new folder"))


def _umask() -> int:
    """The process's umask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
