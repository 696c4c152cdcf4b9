"""The reference of backends: every one that is installed, its capability row, its parameters with their defaults."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from pieces import code, meanings, prose, table, untold, without_name

from microplex_spec.calibrate.base import Calibrator, CalibratorCapabilities
from microplex_spec.compile.choose import CALIBRATOR_RULES, IMPUTER_RULES
from microplex_spec.impute.base import Imputer, ImputerCapabilities
from microplex_spec.microsim.base import EngineCapabilities
from microplex_spec.spec.registry import CALIBRATORS, ENGINES, EXECUTORS, IMPUTERS, READERS, Registry
from microplex_spec.spec.rules import Rule

# Parameters of every imputer that the variable and the run decide.
GIVEN = ("regime", "seed", "stream", "stray_tolerance")
_STATE = ("self", "cache_folder", "cores")


def pages() -> dict[str, str]:
    """The page of backends, by its address."""
    parts = [
        "# Backends",
        "Every backend that is installed, from its own capability row and its own parameters. A backend of a package "
        "of your own stands here as soon as that package is installed beside this one.",
        *_capable(
            "Imputers",
            IMPUTERS,
            ImputerCapabilities,
            "Chosen by `imputer=NAME` for a run and by `imputer: {name: NAME, params: {...}}` for one variable.",
        ),
        *_capable(
            "Calibrators",
            CALIBRATORS,
            CalibratorCapabilities,
            "Chosen by `calibrator=NAME`; parameters are set by `+calibrator.params.KEY=VALUE`.",
        ),
        "## Readers",
        "Named under `reader:` of a source. Their keys stand in [the reference of the language](language.md).",
        *_plain(READERS),
        *_capable("Engines", ENGINES, EngineCapabilities, "Named by expressions and benchmarks."),
        "## Executors",
        "Chosen by `executor=NAME`. All of them give the same bytes.",
        *_plain(EXECUTORS),
        "## How `auto` chooses",
        "The first rule that holds, of a backend that can serve within the memory given, decides; a spec's own rules "
        "in `rules.yaml` come before these. The plan names the rule, its evidence and the runner-up.",
        _rules("imputer", IMPUTER_RULES),
        _rules("calibrator", CALIBRATOR_RULES),
    ]
    return {"reference/backends.md": "\n\n".join(part for part in parts if part) + "\n"}


def _capable(title: str, registry: Registry, row: type, chosen: str) -> Iterable[str]:
    """Backends with a capability row: what its columns mean, the table of all, then each by itself."""
    yield f"## {title}"
    yield chosen
    names = registry.names()
    backends = {name: registry.load(name) for name in names}
    columns = [item.name for item in fields(row) if item.name != "regimes"]
    told = meanings(columns, [row.__doc__])
    yield table(
        ("capability", *map(code, names)),
        [(code(c), *(_told(getattr(backends[name].capabilities, c)) for name in names)) for c in columns],
    )
    yield "\n".join(f"- {code(name)}: {told[name]}" for name in columns if name in told)
    if row is ImputerCapabilities:
        yield prose(_paragraph(Imputer, "Parameters of all backends"))
        regimes = [(code(name), ", ".join(sorted(backends[name].capabilities.regimes))) for name in names]
        yield table(("imputer", "regimes that it serves"), regimes)
    for name in names:
        yield from _one(name, backends[name])


def _rules(kind: str, rules: Iterable[Rule]) -> str:
    """The built-in rules of one kind of backend."""
    rows = []
    for rule in rules:
        asked = (f"{name.replace('_', ' ')}: {_told(value)}" for name, value in rule.when.asked.items())
        rows.append((code(rule.name), "; ".join(asked) or "always", code(rule.use), rule.because))
    return table((f"rule for the {kind}", "when", "takes", "because"), rows)


def _plain(registry: Registry) -> Iterable[str]:
    for name in registry.names():
        yield from _one(name, registry.load(name))


def _one(name: str, backend: type) -> Iterable[str]:
    """One backend: what it is, from its module and its class, and its parameters."""
    yield f"### {name}"
    yield without_name(prose(sys.modules[backend.__module__].__doc__).partition("\n\n")[0])
    found = parameters(backend)
    yield untold([key for key, _, _ in found], backend.__doc__)
    rows = [(code(key), _told(default), meaning) for key, default, meaning in found]
    if rows:
        yield table(("parameter", "default", "meaning"), rows)


def parameters(backend: type) -> list[tuple[str, Any, str]]:
    """(name, default, meaning) of what a run may set; the meanings are those of the docstrings."""
    if issubclass(backend, Imputer):
        own = {name: default for name, default in backend.param_defaults().items() if name not in GIVEN}
    else:
        found = inspect.signature(backend).parameters.values()
        left_out = {*_STATE, *_reader_keys(backend)}
        own = {parameter.name: parameter.default for parameter in found if parameter.name not in left_out}
    parts = [part for part in backend.__mro__ if part not in (Calibrator, Imputer, object)]
    texts = [vars(part).get("__doc__") for part in parts]
    # A docstring may leave parameters to a record of the same package that it names, such as `ForestParams`.
    named = {name for text in texts for name in re.findall(r"`(\w+)`", text or "")}
    packages = {part.__module__.rpartition(".")[0] for part in parts}
    modules = [module for name, module in sys.modules.items() if name.rpartition(".")[0] in packages]
    records = [vars(module).get(name) for name in sorted(named) for module in modules]
    texts += [record.__doc__ for record in records if isinstance(record, type)]
    told = meanings(list(own), texts)
    return [(name, default, told.get(name, "")) for name, default in own.items()]


def _reader_keys(backend: type) -> tuple[str, ...]:
    return ("params", "base_folder") if hasattr(backend, "Params") else ()


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if value is inspect.Parameter.empty:
        return "required"
    if isinstance(value, tuple | frozenset):
        return ", ".join(map(str, value)) or "none"
    return code(value)


def _paragraph(owner: type, begins: str) -> str:
    """The paragraph of a docstring that begins so."""
    return next(part for part in prose(owner.__doc__).split("\n\n") if part.startswith(begins))
