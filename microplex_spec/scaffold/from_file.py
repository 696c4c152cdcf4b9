"""A project for a file of the user's own: what was guessed from the data stands there with its evidence."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path

from ..sources.base import Dtype
from ..spec.yaml_text import yaml_text
from .guess import Guess
from .survey_file import SurveyFile, read_survey_file
from .write import ProjectFiles

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
    if survey.household_weights is not None:
        table = survey.household_weights.rename("household_weight").rename_axis(survey.household)
        contents[f"conf/specs/{name}/data/households.csv"] = table.to_csv(lineterminator="\n")
    contents[f"targets/{name}/published.yaml"] = _targets(survey)
    marks = sum(text.count("# review:") for text in contents.values())
    told = (
        *survey.told,
        f"{len(survey.variables)} variables, {len(survey.left_out)} columns left out (sources.yaml says why)",
        f"{marks} guesses are marked: grep -rn '# review:' {folder.name}/conf",
        "no target is fitted yet: microplex-spec targets add --help",
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
    path = survey.path.resolve()
    for name, what in ((path.name, "file"), (path.parent.name, "folder")):
        if found := _FULL_YEAR.search(name):
            return int(found[0]), f"the year in the name of the {what}"
    return date.today().year - 1, "no year in the name of the file; the last one is taken"


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
        assert survey.household_weights is not None
        why_household = f"{len(survey.household_weights):,} different ones, whose rows lie together"
        table.append(f"        links: {{household: {yaml_text(survey.household)}}}  # review: {why_household}")
    dropped = [survey.weight] if survey.household and survey.weight else []
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
            f"        # Made of {survey.path.name}: households with the weight of their members, or its mean.",
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
    entity = "household" if survey.household is None else "person"
    blocks = [_variable(guess, entity) for guess in survey.variables]
    head = (
        f"# Columns of {survey.path.name}. Each review mark tells what a guess rests on (shares are weighted);\n"
        "# take it out once it is checked.\n"
    )
    return head + "\n".join(blocks)


def _variable(guess: Guess, entity: str) -> str:
    lines = [f"{guess.name}:", f"  entity: {entity}"]
    if guess.missing:
        lines[0] += f"  # review: {guess.missing:.1%} missing, kept so".replace("%", " %", 1)
    if guess.name != guess.column:
        lines.append(f"  observed: {yaml_text(guess.column)}")
    lines.append(f"  unit: {guess.unit}  # review: {guess.unit_evidence}")
    lines.append(
        f"  regime: {guess.regime}" + (f"  # review: {guess.regime_evidence}" if guess.regime_evidence else "")
    )
    return "\n".join(lines) + "\n"


def _targets(survey: SurveyFile) -> str:
    entity = "household" if survey.household is None else "person"
    return f"""\
# Published totals that weights should meet; none is known yet. One is added by, for example,
#   microplex-spec targets add --id nation.households.total --of {entity} --measure 'count()' --value 131434000 \\
#     --unit count --agency 'Census Bureau' --title 'Households by type' --url https://...
targets: []
"""
