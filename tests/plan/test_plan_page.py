"""The plan as a page, and what `plan` shows of a selection."""

import json
from xml.etree import ElementTree

import pytest

from microplex_spec.cli import main
from microplex_spec.plan import Plan

SMALL = ("spec=small", "scale=full")


@pytest.fixture
def here(small_project, monkeypatch):
    monkeypatch.chdir(small_project.root)
    return small_project


def test_the_page_holds_every_step_with_its_reasons_and_a_drawing(here, tmp_path, capsys):
    page = tmp_path / "plan.html"
    assert main(["plan", *SMALL, "--html", str(page), "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    text = page.read_text(encoding="utf-8")
    for step in plan["steps"]:
        assert f"<code>{step['id']}</code>" in text
    assert "every imputation reads it" in text and text.count("<svg") == 1
    assert "<script" not in text and 'src="' not in text and "href=" not in text
    svg = text[text.index("<svg") : text.index("</svg>") + 6]
    shown = "".join(ElementTree.fromstring(svg).itertext())
    assert "self_employment_income" in shown and "calibrate" in shown


def test_a_page_that_cannot_be_written_is_told_plainly(here, capsys):
    assert main(["plan", *SMALL, "--html", "no/such/folder/plan.html"]) == 2
    assert "cannot write no/such/folder/plan.html: No such file or directory" in capsys.readouterr().err


def test_a_selection_shows_its_steps_alone_and_counts_what_they_need(here, capsys):
    assert main(["plan", *SMALL, "--select", "dividends"]) == 0
    text = capsys.readouterr().out
    assert "+ impute:dividends" in text and "uprate:survey" not in text
    assert "7 steps to run, 0 reused" in text


def test_a_selection_as_json_is_a_whole_plan_of_what_it_needs(here, tmp_path, capsys):
    assert main(["plan", *SMALL, "--select", "+dividends", "--json"]) == 0
    path = tmp_path / "plan.json"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    plan = Plan.read(path)
    ids = {step.id for step in plan}
    assert len(ids) == 7 and all(set(step.inputs) <= ids for step in plan)


def test_an_unknown_name_of_a_selection_exits_with_2(here, capsys):
    assert main(["plan", *SMALL, "--select", "dividens+"]) == 2
    assert "did you mean 'dividends'?" in capsys.readouterr().err
