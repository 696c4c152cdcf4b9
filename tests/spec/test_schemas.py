"""The JSON Schemas: valid themselves, true of the shipped spec, and as strict as the language."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from microplex_spec.cli import main
from microplex_spec.spec.schemas import schemas
from microplex_spec.spec.yaml_reader import read_yaml

REPOSITORY = Path(__file__).parents[2]
SPEC = REPOSITORY / "conf" / "specs" / "us_cps_2023"
GROUPS = REPOSITORY / "microplex_spec" / "conf"
FILES = {
    "spec": [SPEC / "spec.yaml"],
    "entities": [SPEC / "entities.yaml"],
    "sources": [SPEC / "sources.yaml"],
    "variables": sorted((SPEC / "variables").glob("*.yaml")),
    "targets": sorted((REPOSITORY / "targets").rglob("*.yaml")),
    "benchmarks": [SPEC / "benchmarks.yaml"],
    "checks": [SPEC / "checks.yaml"],
    "bakeoffs": sorted((REPOSITORY / "conf" / "bakeoffs").glob("*.yaml")),
    "build": [REPOSITORY / "conf" / "build.yaml"],
    "backend": [
        path for group in ("imputer", "calibrator", "microsim", "executor") for path in (GROUPS / group).iterdir()
    ],
    "resources": sorted((GROUPS / "resources").iterdir()),
    "scale": sorted((GROUPS / "scale").iterdir()),
}


def plain(value: Any) -> Any:
    """Lists where the reader gives tuples."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize("kind", sorted(schemas()))
def test_each_schema_is_one(kind):
    Draft202012Validator.check_schema(schemas()[kind])


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, paths in FILES.items() for path in paths])
def test_the_files_of_the_shipped_spec_are_valid(kind, path):
    data = plain(read_yaml(path, path.name).data)
    assert [error.message for error in Draft202012Validator(schemas()[kind]).iter_errors(data)] == []


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("variables", {"age": {"entity": "person", "unit": "years", "regim": "count"}}),
        ("variables", {"age": {"entity": "person", "unit": "year"}}),
        ("variables", {"age": {"unit": "years"}}),
        ("targets", {"targets": [{"id": "a.b", "valu": 3}]}),
        ("targets", {"targets": [{"id": "a.b", "value": "three"}]}),
        ("targets", {}),
        ("spec", {"name": "a", "period": "2023", "base": "b"}),
        ("checks", [{"id": "a", "reason": "b", "metric": "ess_share", "mim": 0.1}]),
        ("checks", [{"id": "a", "reason": "b", "min": 0.1}]),
        ("bakeoffs", {"entity": "person", "scales": [100], "seeds": [1]}),
        ("build", {"spec": "a", "sede": 3}),
        ("backend", {"name": "logit", "parms": {}}),
        ("scale", {"name": "demo", "households": 0}),
        ("rules", [{"name": "a", "use": "qrf", "when": {"donor_at_least": 3}}]),
    ],
)
def test_what_the_language_refuses_the_schema_refuses(kind, data):
    assert not Draft202012Validator(schemas()[kind]).is_valid(data)


def test_the_command_writes_a_file_for_each_kind(tmp_path, capsys):
    assert main(["schema", "--out", str(tmp_path / "made")]) == 0
    assert {path.name for path in (tmp_path / "made").iterdir()} == {f"{kind}.schema.json" for kind in schemas()}
    assert "yaml-language-server" in capsys.readouterr().out
