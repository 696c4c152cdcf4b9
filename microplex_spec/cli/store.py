"""store: look into the store of kept artifacts (ls), clear it (gc), check it (verify)."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from ..execute.disk import DiskFault, bytes_in
from ..execute.store import Store
from ..execute.upkeep import Artifact, artifacts, collect, damaged, half_made, keys_of_runs, other_versions
from ..plan.explain import size
from ..spec.errors import SpecError
from ..spec.project import Project
from ..spec.yaml_reader import read_yaml
from .arguments import Parser, project_of

DAY = 86_400.0


def run(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    project = project_of(options.project)
    store = Store.of(project, options.store or _declared(project))
    if options.store and not store.root.is_dir():
        raise SpecError(f"{options.store} is no store: there is no such folder")
    action: Callable[[Store, Project, argparse.Namespace], int] = options.action
    try:
        return action(store, project, options)
    except DiskFault as fault:
        raise SpecError(str(fault)) from None


def _parser() -> Parser:
    shared = Parser(add_help=False)
    shared.add_argument("--project", metavar="DIR", help="the project's folder (default: found upward from here)")
    shared.add_argument("--store", metavar="DIR", help="the store's folder (default: store in conf/build.yaml)")
    made = Parser(prog="microplex-spec store", description=__doc__)
    actions = made.add_subparsers(metavar="ls|gc|verify", required=True)
    text = "list artifacts, the last used first"
    actions.add_parser("ls", parents=[shared], help=text, description=text).set_defaults(action=_ls)
    text = "remove artifacts that no run was planned with, and what killed builds left half made"
    gc = actions.add_parser("gc", parents=[shared], help=text, description=text)
    gc.set_defaults(action=_gc)
    gc.add_argument("--keep-runs", metavar="N", type=_count, help="keep what the newest N runs use (default: all runs)")
    gc.add_argument("--keep-days", metavar="D", type=_count, help="keep what was used within D days as well")
    gc.add_argument("--dry-run", action="store_true", help="tell what would go, and remove nothing")
    text = "check every file against its checksum; exit code 1 where damaged artifacts remain"
    verify = actions.add_parser("verify", parents=[shared], help=text, description=text)
    verify.set_defaults(action=_verify)
    verify.add_argument("--repair", action="store_true", help="remove what is damaged, so that the next build makes it")
    return made


def _ls(store: Store, project: Project, options: argparse.Namespace) -> int:
    found, now = artifacts(store), time.time()
    width = max((len(_name(artifact)) for artifact in found), default=0)
    for artifact in found:
        age = f"made {_ago(now - artifact.made):>6} ago, used {_ago(now - artifact.used):>6} ago"
        line = f"{_name(artifact):<{width}}  {artifact.key[:12]}  {size(artifact.size):>7}  {age}  {artifact.spec}"
        print(line.rstrip())
    print(f"{project.shown(store.root)}: {_total([artifact.size for artifact in found])}")
    if left := half_made(store):
        print(f"note: {_counted(len(left), 'folder')} half made by killed builds, which gc removes")
    for folder in other_versions(store):
        text = f"{project.shown(folder)} ({size(bytes_in(folder))}) is of another version of the store"
        print(f"note: {text}: not read; remove the folder if nothing needs it")
    return 0


def _gc(store: Store, project: Project, options: argparse.Namespace) -> int:
    wanted, unreadable = keys_of_runs(project.runs, options.keep_runs)
    for path in unreadable:
        print(f"note: {project.shown(path)} cannot be read: what only this run uses is not kept")
    if store.root.resolve() != project.store.resolve():
        print("note: runs of other projects are not looked at; --keep-days keeps what they used lately")
    since = None if options.keep_days is None else time.time() - DAY * options.keep_days
    done = collect(store, wanted, since, options.dry_run)
    for artifact in done.artifacts:
        print(f"- {_name(artifact)}  {artifact.key[:12]}  {size(artifact.size)}")
    word = "would remove" if options.dry_run else "removed"
    print(f"{word} {_total([artifact.size for artifact in done.artifacts])}", end="")
    print(f" and {_counted(len(done.half_made), 'half-made folder')}, {size(sum(done.half_made))}")
    held = f", {done.held} of them only because a running build holds them" if done.held else ""
    print(f"kept {_counted(done.kept, 'artifact')}{held}")
    return 0


def _verify(store: Store, project: Project, options: argparse.Namespace) -> int:
    found = remaining = 0
    for damage in damaged(store, options.repair):
        found += 1
        remaining += damage.held or not options.repair
        became = "" if not options.repair else ": left, a running build holds it" if damage.held else ": removed"
        print(f"damaged: {_name(damage.artifact)}  {damage.artifact.key[:12]}: {damage.text}{became}", flush=True)
    print(f"{project.shown(store.root)}: {_counted(len(artifacts(store)), 'artifact')}, {remaining} damaged", end="")
    if options.repair:
        print(f", {found - remaining} removed, which the next build makes again")
    else:
        print("; --repair removes them, and the next build makes them again" if found else "")
    return 1 if remaining else 0


def _declared(project: Project) -> str | None:
    """The store that conf/build.yaml names; read without Hydra, which takes longer to import than this to do."""
    path = project.conf / "build.yaml"
    return read_yaml(path, project.shown(path)).data.get("store")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 0")
    return int(text)


def _name(artifact: Artifact) -> str:
    return artifact.step or "(unknown step)"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _total(sizes: list[int]) -> str:
    return f"{_counted(len(sizes), 'artifact')}, {size(sum(sizes))}"


def _ago(seconds: float) -> str:
    """A span as a person reads it."""
    for unit, length in (("d", DAY), ("h", 3600.0), ("min", 60.0)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
