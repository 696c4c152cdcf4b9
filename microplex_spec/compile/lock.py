"""spec.lock.yaml: the spec of a run with everything resolved, defaults and inherited values among it."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

from ..plan.keys import digest
from ..spec.choices import BackendChoice, Choices
from ..spec.model import Spec
from .asked import asked_imputer

FORMAT = 1
"""Of the words of a lock: a run whose lock is of another format is not compared."""
PLACES = "places"
DECLARED = "declared"
"""Where a lock has the key of what the spec declares: equal for runs that differ by their choices or checks alone."""


def lock_text(spec: Spec, choices: Choices) -> str:
    """What the run was declared to be, as YAML in the language's own words, so that it can be read and compared."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    out = StringIO()
    yaml.dump({"format": FORMAT, DECLARED: declared_key(spec, choices), **resolved(spec, choices)}, out)
    # Last, and one line a group, since positions tell only where to look; JSON is YAML, and quick to read.
    groups = [f"- {json.dumps(group, ensure_ascii=False)}\n" for group in spec.places.grouped()]
    return "".join([out.getvalue(), f"{PLACES}:\n", *groups])


def declared_key(spec: Spec, choices: Choices) -> str:
    """The key of a spec whatever the run chooses: its imputers are those that it asks for where the run names none."""
    content = resolved(spec, choices.model_copy(update={"imputer": BackendChoice()}))
    return digest([{section: rows for section, rows in content.items() if section not in ("choices", "checks")}])


def resolved(spec: Spec, choices: Choices) -> dict[str, Any]:
    """Plain data of a whole spec and the choices of one run."""
    variables = {}
    for name, variable in spec.variables.items():
        row = variable.model_dump(mode="json", by_alias=True, exclude={"name"}, exclude_none=True)
        if variable.origin == "imputed":
            row["predictors"] = list(spec.predictors(variable))
            asked = asked_imputer(spec, choices, variable)
            row["imputer"] = {**row.get("imputer", {}), "name": asked.name, "params": asked.params}
        if variable.origin == "observed":
            row["observed"] = variable.column
        variables[name] = row
    return {
        "choices": choices.model_dump(mode="json"),
        # Before the spec, since runs that were only checked otherwise were built alike.
        "checks": [check.model_dump(mode="json", exclude_none=True) for check in spec.checks],
        "spec": spec.settings.model_dump(mode="json"),
        "entities": {k: v.model_dump(mode="json", exclude={"name"}) for k, v in spec.entities.items()},
        "sources": {k: v.model_dump(mode="json", exclude={"name"}) for k, v in spec.sources.items()},
        "variables": variables,
        "targets": [target.model_dump(mode="json", exclude_none=True) for target in spec.targets],
        "benchmarks": [benchmark.model_dump(mode="json") for benchmark in spec.benchmarks],
    }
