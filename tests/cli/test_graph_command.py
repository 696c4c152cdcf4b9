"""graph: the lineage of a spec as Mermaid text and as SVG, whole and selected."""

from xml.etree import ElementTree

import pytest

from microplex_spec import load_spec
from microplex_spec.cli import main
from microplex_spec.plan.lineage import lineage, names_of
from microplex_spec.plan.select import select

SPEC = "us_cps_2023"


def chosen(expression: str) -> set[str]:
    spec = load_spec(SPEC)
    nodes = lineage(spec)
    return select(expression, {node.id: node.needs for node in nodes}, names_of(spec, nodes))


@pytest.fixture
def here(small_project, monkeypatch):
    monkeypatch.chdir(small_project.root)
    return small_project


def test_mermaid_text_is_the_default(here, capsys):
    assert main(["graph", "spec=small"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "flowchart TD"
    assert any("self_employment_income" in line and line.endswith(":::impute") for line in lines)
    boxes = {line.split("[")[0].strip() for line in lines if "[" in line}
    ends = [end for line in lines if " --> " in line for end in line.strip().split(" --> ")]
    assert ends and set(ends) <= boxes


def test_the_ending_of_the_file_decides_for_svg(here, tmp_path, capsys):
    file = tmp_path / "graph.svg"
    assert main(["graph", "small", "--out", str(file)]) == 0
    assert capsys.readouterr().out.strip() == str(file)
    root = ElementTree.parse(file).getroot()
    text = "".join(root.itertext())
    for name in ("survey", "donors", "dividends", "has_pension_plan", "weights", "small.population.total"):
        assert name in text
    assert main(["graph", "small", "--format", "svg"]) == 0
    assert capsys.readouterr().out == file.read_text(encoding="utf-8")


def test_a_selection_leaves_the_rest_out(here, capsys):
    assert main(["graph", "small", "--select", "+has_pension_plan"]) == 0
    text = capsys.readouterr().out
    assert "has_pension_plan" in text and "survey" in text and "dividends" not in text
    assert main(["graph", "small", "--select", "pension"]) == 2
    assert "unknown name in the selection 'pension'" in capsys.readouterr().err


def test_a_graph_of_a_spec_with_faults_exits_with_2(here, capsys):
    here.edit("variables/imputed.yaml", "age < 16", "agee < 16")
    assert main(["graph", "small"]) == 2
    assert "unknown variable 'agee'" in capsys.readouterr().err


def test_hundreds_of_targets_are_told_by_series():
    spec = load_spec(SPEC)
    nodes = [node for node in lineage(spec) if node.kind == "targets"]
    assert len(nodes) < 60 < len(spec.targets)
    names = names_of(spec, lineage(spec))
    assert all(len(names[target.id]) == 1 for target in spec.targets)


def test_every_need_of_a_node_is_a_node():
    nodes = lineage(load_spec(SPEC))
    ids = {node.id for node in nodes}
    assert len(ids) == len(nodes) and all(set(node.needs) <= ids for node in nodes)


def test_a_drawn_variable_reaches_targets_weights_and_benchmarks_through_the_engine():
    found = chosen("qualified_dividends+")
    assert {"simulate:policyengine_us.2023", "derive:agi", "calibrate", "benchmark:income_tax_2023"} <= found
    assert "impute:taxable_interest" not in found and "source:cps_2014" not in found


def test_calibration_needs_what_its_fit_targets_need_and_no_benchmark():
    found = chosen("+calibrate")
    assert {"source:cps_2014", "source:cps_donors", "impute:qualified_dividends", "derive:eitc"} <= found
    assert not any(node.startswith("benchmark:") for node in found)


def test_patterns_select_targets_and_benchmarks_by_their_ids():
    assert "benchmark:eitc_2023" in chosen("eitc_20*")
    assert {node.split("/")[-1] for node in chosen("us.irs.eitc.*")} == {"us.irs.eitc"}
