"""A project for a file of the user's own: what was guessed from the data stands there with its evidence."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ..sources.base import Dtype
from ..spec.yaml_text import yaml_text
from .guess import Guess
from .survey_file import SurveyFile, read_survey_file
from .write import ProjectFiles

if TYPE_CHECKING:
    import pandas as pd

_FULL_YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")


def project_from_file(path: Path, folder: Path) -> ProjectFiles:
    """A spec that reads the file where it lies and builds at once; `folder` is where the project will be.

    The file is the base, nothing is imputed and no target is fitted: what users add from there. SpecError where the
    file cannot serve (see `read_survey_file`).
    """
    survey = read_survey_file(path)
    name = _spec_name(path)
    files = {
        "spec.yaml": _spec(survey, name),
        "entities.yaml": _entities(survey),
        "sources.yaml": _sources(survey, _reference(path, folder, name)),
        "variables/observed.yaml": _variables(survey),
        "benchmarks.yaml": "# What users will compute from the file, against published figures.\nbenchmarks: []\n",
        "checks.yaml": "# What must hold of a file before anyone should use it.\n[]\n",
    }
    contents = {f"conf/specs/{name}/{file}": text for file, text in files.items()}
    if survey.households is not None:
        contents[f"conf/specs/{name}/data/households.csv"] = _csv(survey.households)
    contents[f"targets/{name}/published.yaml"] = _targets(survey)
    marks = sum(text.count("# review:") for text in contents.values())
    suspects = [guess.column for guess in survey.variables if guess.suspect]
    told = (
        *survey.told,
        *([f"values that may mean missing, such as 9999: {', '.join(suspects)}"] if suspects else []),
        f"{len(survey.variables)} variables, {len(survey.left_out)} columns left out (sources.yaml says why)",
        f"{marks} guesses are marked: grep -rn '# review:' {folder.name}/conf",
        f"no target is fitted yet: targets/{name}/published.yaml shows how one is added",
    )
    return ProjectFiles(name, contents, told)


def _spec_name(path: Path) -> str:
    stem = path.name.split(".")[0].lower()
    return re.sub(r"[^a-z0-9]+", "_", stem).strip("_") or "survey"


def _reference(path: Path, folder: Path, spec: str) -> str:
    """How the spec names the file: relative where it lies beside the project, since both then move together."""
    file, root = path.resolve(), folder.resolve()
    if not file.is_relative_to(root.parent):
        return str(file)
    return os.path.relpath(file, root / "conf" / "specs" / spec).replace(os.sep, "/")


def _spec(survey: SurveyFile, name: str) -> str:
    year, why = _year(survey)
    return f"""\
name: {name}
label: {yaml_text(f"From {survey.path.name}")}
period: {year}  # review: {why}
base: survey
targets: [{name}]
"""


def _year(survey: SurveyFile) -> tuple[int, str]:
    """The year of the file's amounts, and how it was found."""
    if survey.year is not None:
        year, column = survey.year
        return year, f"{column} in all rows; are its amounts of that year?"
    path = survey.path.resolve()
    for name, what in ((path.name, "file"), (path.parent.name, "folder")):
        if found := _FULL_YEAR.search(name):
            return int(found[0]), f"the year in the name of the {what}"
    return date.today().year - 1, "no year in the file or its name; the last one is taken"


def _entities(survey: SurveyFile) -> str:
    household = "household: {label: Household}"
    if survey.household is None:
        return f"{household}  # review: each row of the file is taken for one\n"
    return f"""\
{household}
person:  # review: each row of the file is taken for one
  label: Person
  within: [household]
"""


def _sources(survey: SurveyFile, file: str) -> str:
    year, why = _year(survey)
    entity = "household" if survey.household is None else "person"
    table = [f"      {entity}:", f"        file: {yaml_text(file)}"]
    if survey.key:
        table.append(f"        key: {yaml_text(survey.key)}  # review: its values differ in all {survey.rows:,} rows")
    if survey.household:
        assert survey.households is not None
        why_household = f"{len(survey.households):,} different ones, whose rows lie together"
        table.append(f"        links: {{household: {yaml_text(survey.household)}}}  # review: {why_household}")
    dropped = [survey.weight] if survey.household and survey.weight else []
    dropped += [guess.column for guess in survey.variables if guess.of_household]
    if survey.left_out or dropped:
        table.append("        drop:")
        table += [f"          - {yaml_text(left.column)}  # review: {left.reason}" for left in survey.left_out]
        table += [f"          - {yaml_text(name)}  # review: stands in data/households.csv" for name in dropped]
    lines = [
        "survey:",
        f"  label: {yaml_text(survey.path.name)}",
        "  reader: table",
        f"  period: {year}  # review: {why}",
        "  params:",
        "    tables:",
    ]
    if survey.household:
        lines += [
            "      household:",
            f"        # Made of {survey.path.name}: the members' weight, or its mean, and what all of them share.",
            "        file: data/households.csv",
            f"        key: {yaml_text(survey.household)}",
        ]
    lines += table
    if survey.household:
        lines.append("    weight: household_weight" + (f"  # review: from {survey.weight}" if survey.weight else ""))
    elif survey.weight:
        lines.append(f"    weight: {yaml_text(survey.weight)}  # review: by its name")
    else:
        lines.append("    # review: no weight was found, so that every row counts 1.0; weight: COLUMN names one")
    types: dict[str, Dtype] = {column: kind for column, kind in survey.ids.items() if kind == "code"}
    types |= {guess.column: guess.dtype for guess in survey.variables if guess.dtype}
    if types:
        lines.append("    types:")
        lines += [f"      {yaml_text(column)}: {kind}" for column, kind in types.items()]
    return "\n".join(lines) + "\n"


def _variables(survey: SurveyFile) -> str:
    blocks = [_variable(guess, "household" if survey.household is None else "person") for guess in survey.variables]
    head = (
        f"# Columns of {survey.path.name}. Each review mark tells what a guess rests on (shares are weighted);\n"
        "# take it out once it is checked.\n"
    )
    return head + "\n".join(blocks)


def _variable(guess: Guess, rows: str) -> str:
    """The variable of a column. rows: the entity that the rows of the file are."""
    lines = [f"{guess.name}:", f"  entity: {'household' if guess.of_household else rows}"]
    if guess.alike:
        lines[1] += f"  # review: {guess.alike}"
    if guess.missing:
        lines[0] += f"  # review: {guess.missing:.1%} missing, kept so".replace("%", " %", 1)
    if guess.name != guess.column:
        lines.append(f"  observed: {yaml_text(guess.column)}")
    if guess.suspect:
        lines.append(f"  # review: a code for missing? {guess.suspect}; take it out of the file, else it is an amount")
    lines.append(f"  unit: {guess.unit}  # review: {guess.unit_evidence}")
    lines.append(
        f"  regime: {guess.regime}" + (f"  # review: {guess.regime_evidence}" if guess.regime_evidence else "")
    )
    return "\n".join(lines) + "\n"


def _csv(table: pd.DataFrame) -> str:
    """A table as CSV whose texts stand in quotes, so that NA stays a text, and a gap a gap."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    written = pa.BufferOutputStream()
    pacsv.write_csv(pa.Table.from_pandas(table, preserve_index=False), written)
    return written.getvalue().to_pybytes().decode("utf-8")


def _targets(survey: SurveyFile) -> str:
    return f"""\
# Published totals that weights should meet; none is known yet. One is added by, for example,
#   microplex-spec targets add --id nation.households.total --of household --measure 'count()' --unit count \\
#     --value {survey.weights:.12g} --agency 'who published it' --title 'of which publication' --url https://...
# The value here is what the file itself says: the published one belongs in its place. --period is that of spec.yaml.
targets: []
"""
