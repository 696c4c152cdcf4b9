"""The names policyengine_us knows, without importing it: an index built once, then read in milliseconds.

Importing the package takes 20 s and 0.9 GB. The index is therefore built in a process of its own and kept as
JSON; besides names it says which variables depend on the whole population, found by walking formula code.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import types
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..spec.errors import Problem, SpecError
from .base import EngineVariable
from .policyengine_data import ENTITIES

PACKAGE = "policyengine-us"
FORMAT = 1

# A formula that reads one of these, or ranks a MicroSeries, sums over households.
WEIGHTS = tuple(f"{entity}_weight" for entity in ENTITIES)
WHOLE_POPULATION_NAMES = frozenset({"MicroSeries", "MicroDataFrame", "sum_by_state"})

# Responses to a reform (elasticities) are zero under current law, and would tie every income to net income.
REFORM_RESPONSES = ("behavioral_response", "behavioural_response")


def package_version() -> str:
    """Installed version of policyengine-us; SpecError where it is not installed."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        raise SpecError(Problem(f"{PACKAGE} is not installed", hint=f"pip install {PACKAGE}")) from None


def load_index(folder: Path) -> dict[str, EngineVariable]:
    """Every variable of the installed policyengine_us by name; the index in `folder` is built at first use.

    Raises SpecError where the package is missing, RuntimeError where it cannot be imported.
    """
    path = Path(folder) / f"policyengine_us-{package_version()}-{FORMAT}.json"
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError):
        # Not made yet, or damaged.
        _build_in_process_of_its_own(path)
        return _read(path, path.stat().st_mtime_ns)


@cache
def _read(path: Path, stamp: int) -> dict[str, EngineVariable]:
    rows = json.loads(path.read_text())["variables"]
    return {name: _variable(name, row) for name, row in rows.items()}


def _variable(name: str, row: list[Any]) -> EngineVariable:
    entity, dtype, period, is_input, reason, default, codes = row
    return EngineVariable(name, entity, dtype, period, is_input, reason, default, tuple(codes))


def _build_in_process_of_its_own(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".json", delete=False) as handle:
        fresh = Path(handle.name)
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__, str(fresh)],
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"policyengine_us could not be read: {done.stderr.strip()[-2000:]}")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def describe(system: Any) -> dict[str, Any]:
    """The index of a tax-benefit system as JSON: {"variables": {name: fields of EngineVariable}}."""
    lists = _list_parameters(system)
    reads = {name: _reads(variable, system.variables, lists) for name, variable in system.variables.items()}
    reasons = whole_population_reasons({name: used for name, (used, _) in reads.items()}, _seeds(reads))
    return {"variables": {name: _row(variable, reasons.get(name, "")) for name, variable in system.variables.items()}}


def whole_population_reasons(reads: dict[str, set[str]], seeds: dict[str, str]) -> dict[str, str]:
    """Which variables depend on the whole population, and why: the seeds and all that read them.

    reads: {variable: variables its formulas read}. seeds: {variable: reason}. Responses to reforms are left out.
    """
    readers: dict[str, list[str]] = {}
    for name in sorted(reads):
        for used in reads[name]:
            readers.setdefault(used, []).append(name)
    roots = {name: name for name in seeds}
    queue = sorted(seeds)
    for used in queue:
        for name in readers.get(used, []):
            if name not in roots and not any(mark in name for mark in REFORM_RESPONSES):
                roots[name] = roots[used]
                queue.append(name)
    return {
        name: f"it {seeds[root]}" if name == root else f"it depends on {root}, which {seeds[root]}"
        for name, root in roots.items()
    }


def _seeds(reads: dict[str, tuple[set[str], set[str]]]) -> dict[str, str]:
    seeds = {}
    for name, (used, global_names) in reads.items():
        weights = sorted(used & set(WEIGHTS))
        if name not in WEIGHTS and weights:
            seeds[name] = f"sums over households (reads {weights[0]})"
        elif global_names & WHOLE_POPULATION_NAMES:
            seeds[name] = "ranks or sums over households"
    return seeds


def _row(variable: Any, reason: str) -> list[Any]:
    dtype = variable.value_type.__name__
    default = variable.default_value
    default = default.name if hasattr(default, "name") else default
    codes = [item.name for item in variable.possible_values] if dtype == "Enum" else []
    return [
        variable.entity.key,
        dtype,
        str(getattr(variable.definition_period, "value", variable.definition_period)),
        bool(variable.is_input_variable()),
        reason,
        default if isinstance(default, bool | int | float | str) else str(default),
        codes if len(codes) <= 100 else [],
    ]


def _list_parameters(system: Any) -> dict[tuple[str, ...], set[str]]:
    """{path of a parameter: variables its values name}, for parameters that are lists of variables."""
    found: dict[tuple[str, ...], set[str]] = {}
    for parameter in system.parameters.get_descendants():
        names = {
            item
            for instant in getattr(parameter, "values_list", ())
            if isinstance(instant.value, list)
            for item in instant.value
            if isinstance(item, str) and item in system.variables
        }
        if names:
            found[tuple(parameter.name.split("."))] = names
    return found


def _reads(variable: Any, known: Any, lists: dict[tuple[str, ...], set[str]]) -> tuple[set[str], set[str]]:
    """(variables that a variable's rules may read, global names its code uses)."""
    used: set[str] = set()
    global_names: set[str] = set()
    for formula in variable.formulas.values():
        for function in _functions(formula, set()):
            names = _names(function.__code__)
            global_names |= names
            used |= {text for text in _texts(function.__code__) if text in known}
            for value in map(function.__globals__.get, names):
                if isinstance(value, list | tuple | set | frozenset | dict):
                    used |= {item for item in _flat(value) if item in known}
            for path, listed in lists.items():
                if names.issuperset(path):
                    used |= listed
    for rule in (getattr(variable, "adds", None), getattr(variable, "subtracts", None)):
        if isinstance(rule, str):
            used |= lists.get(tuple(rule.split(".")), set())
        elif rule:
            used |= set(rule) & set(known)
    condition = getattr(variable, "defined_for", None)
    if isinstance(condition, str) and condition in known:
        used.add(condition)
    return used - {variable.name}, global_names


def _functions(function: Any, seen: set[Any]) -> Iterator[types.FunctionType]:
    """A formula's function and every function of the package that it calls."""
    function = getattr(function, "__func__", function)
    if not isinstance(function, types.FunctionType) or function in seen:
        return
    seen.add(function)
    yield function
    inner = [function.__globals__.get(name) for name in _names(function.__code__)]
    inner += [cell.cell_contents for cell in function.__closure__ or () if cell != types.CellType()]
    for other in inner:
        if isinstance(other, types.FunctionType) and other.__module__.split(".")[0] == "policyengine_us":
            yield from _functions(other, seen)


def _names(code: types.CodeType) -> set[str]:
    nested = (_names(item) for item in code.co_consts if isinstance(item, types.CodeType))
    return set(code.co_names).union(*nested)


def _texts(code: types.CodeType) -> Iterator[str]:
    for item in code.co_consts:
        if isinstance(item, types.CodeType):
            yield from _texts(item)
        elif isinstance(item, str):
            yield item
        elif isinstance(item, tuple | frozenset):
            yield from _flat(item)


def _flat(values: Iterable[Any]) -> Iterator[str]:
    items = [*values, *values.values()] if isinstance(values, dict) else values
    return (item for item in items if isinstance(item, str))


def main(path: str) -> None:
    """Write the index of the installed package to `path`; run in a process of its own."""
    from policyengine_us.system import system

    Path(path).write_text(json.dumps(describe(system), separators=(",", ":"), sort_keys=True))


if __name__ == "__main__":
    main(sys.argv[1])
