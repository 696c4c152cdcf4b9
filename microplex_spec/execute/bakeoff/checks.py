"""What is wrong with a bakeoff, with its places, before any method runs: names, then what the rows contradict."""

from __future__ import annotations

from collections import defaultdict
from itertools import product

from ...calibrate import make_calibrator
from ...evaluate.rare_cells import top_thresholds
from ...impute import make_imputer
from ...impute.gates import GATES
from ...spec.bakeoffs import Bakeoff
from ...spec.errors import Problems, SpecError
from ...spec.yaml_reader import Document
from .table import Split, Table


def check_backends(bakeoff: Bakeoff, document: Document, problems: Problems) -> None:
    """Add each imputer, gate, calibrator and parameter that there is not, and each regime that an imputer lacks."""
    for name, method in bakeoff.methods.items():
        imputer = bakeoff.imputer(name)
        try:
            make_imputer(imputer, **method.params)
        except SpecError as error:
            field = "params" if method.params else "imputer"
            _add(problems, f"method {name!r}", error, document, "methods", name, field)
            continue
        for regime in dict.fromkeys(bakeoff.draw.values()):
            try:
                make_imputer(imputer, regime=regime, **method.params)
            except SpecError as error:
                columns = ", ".join(column for column, declared in bakeoff.draw.items() if declared == regime)
                _add(problems, f"method {name!r} cannot draw {columns}", error, document, "methods", name)
    for index, gate in enumerate(bakeoff.gates or ()):
        if gate not in GATES:
            problems.unknown("gate", gate, GATES, document.place("gates", index))
    asked = bakeoff.calibration
    try:
        make_calibrator(asked.calibrator, **asked.params)
    except SpecError as error:
        place = document.place("calibration", "params" if asked.params else "calibrator")
        for problem in error.problems:
            problems.add(problem.message, place, problem.hint)


def check_rows(bakeoff: Bakeoff, table: Table, document: Document) -> None:
    """Raise SpecError for scales that the rows cannot fill, then for the first split that contradicts what is declared.

    Every split is looked at, for a cell or a regime that holds in many rows need not hold in few.
    """
    _check_scales(bakeoff, table, document)
    for scale, seed in product(sorted(bakeoff.scales, reverse=True), bakeoff.seeds):
        problems = Problems()
        split = table.split(scale, bakeoff.test_share, seed)
        _check_regimes(bakeoff, split, f"{scale:,} rows, seed {seed}", document, problems)
        try:
            top_thresholds(
                bakeoff.rare_cells,
                split.train,
                split.train_weights,
                lambda number, field: document.place("rare_cells", number, field),
            )
        except SpecError as error:
            problems.absorb(error)
        problems.raise_if_any()


def _check_scales(bakeoff: Bakeoff, table: Table, document: Document) -> None:
    problems = Problems()
    for index, scale in enumerate(bakeoff.scales):
        for seed in bakeoff.seeds:
            place = document.place("scales", index)
            try:
                tested = len(table.split(scale, bakeoff.test_share, seed).test)
            except SpecError as error:
                problems.add(str(error), place)
                continue
            if tested <= bakeoff.prdc.k:
                problems.add(f"a scale of {scale:,} rows tests {tested}, no more than k = {bakeoff.prdc.k}", place)
    problems.raise_if_any()


def _check_regimes(bakeoff: Bakeoff, split: Split, which: str, document: Document, problems: Problems) -> None:
    """Add what the training rows of each column say against its regime, once for all methods that it keeps off."""
    for column, regime in bakeoff.draw.items():
        values = split.train[column].to_numpy()
        against: dict[tuple[str, str], list[str]] = defaultdict(list)
        for name, method in bakeoff.methods.items():
            try:
                made = make_imputer(bakeoff.imputer(name), regime=regime, **method.params)
                made.usable_donors(values, split.train_weights)
            except SpecError as error:
                for problem in error.problems:
                    against[problem.message, problem.hint].append(name)
        for (message, hint), names in against.items():
            whom = "" if len(names) == len(bakeoff.methods) else f" for {', '.join(names)}"
            problems.add(f"{column} ({which}){whom}: {message}", document.place("draw", column), hint)


def _add(problems: Problems, what: str, error: SpecError, document: Document, *path: str) -> None:
    for problem in error.problems:
        problems.add(f"{what}: {problem.message}", document.place(*path, key=True), problem.hint)
