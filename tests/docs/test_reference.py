"""The generated reference: it holds every field, backend, command and option that there is, each with its meaning."""

import argparse
import re

import backends
import commands
import language
import pytest
from pieces import meanings, table, untold

from microplex_spec.cli.main import COMMANDS
from microplex_spec.spec.checks import KINDS
from microplex_spec.spec.record import Record
from microplex_spec.spec.regimes import REGIMES
from microplex_spec.spec.registry import CALIBRATORS, ENGINES, EXECUTORS, IMPUTERS, READERS

LANGUAGE = language.pages()
BACKENDS = backends.pages()["reference/backends.md"]
PAGE_OF_COMMANDS = commands.pages()["reference/commands.md"]


def models() -> list[type[Record]]:
    """Every record of the language, those that its fields hold among them."""
    found: list[type[Record]] = []
    pending = [model for _, _, files in language.FILES.values() for model in files]
    pending += [READERS.load(name).Params for name in READERS.names()]
    while pending:
        model = pending.pop()
        if model not in found:
            found.append(model)
            for field in model.model_fields.values():
                pending += language.records_in(field.annotation)
    return found


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_every_field_of_a_model_stands_in_the_reference_with_its_meaning(model):
    text = "".join(LANGUAGE.values())
    assert language.field_table(model) in text
    for name, field in model.model_fields.items():
        assert field.description, f"say under {model.__name__}.{name} what it means"


def test_the_heading_of_every_model_is_one_so_that_links_to_it_lead_there():
    for text in LANGUAGE.values():
        heads = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]
        assert len(set(heads)) == len(heads)


@pytest.mark.parametrize("registry", [IMPUTERS, CALIBRATORS, READERS, ENGINES, EXECUTORS], ids=lambda r: r.kind)
def test_every_registered_backend_stands_in_the_reference_with_its_parameters(registry):
    for name in registry.names():
        section = BACKENDS.split(f"\n### {name}\n", 1)[1].split("\n## ", 1)[0].split("\n### ", 1)[0]
        for parameter, _, _ in backends.parameters(registry.load(name)):
            assert f"| `{parameter}` |" in section


@pytest.mark.parametrize("name", IMPUTERS.names())
def test_every_parameter_that_an_imputer_takes_stands_in_the_reference_with_its_meaning(name):
    told = backends.parameters(IMPUTERS.load(name))
    assert {parameter for parameter, _, _ in told} == set(IMPUTERS.load(name).param_defaults()) - set(backends.GIVEN)
    assert [parameter for parameter, _, meaning in told if not meaning] == []


def test_every_regime_and_every_kind_of_check_has_a_place():
    assert all(f"| `{name}` |" in LANGUAGE["reference/regimes.md"] for name in REGIMES)
    assert all(f"## A check with `{kind}`" in LANGUAGE["reference/checks.md"] for kind in KINDS)


def test_every_command_and_verb_stands_in_the_reference_with_all_its_options():
    parsers = commands.parsers()
    assert {name.partition(" ")[0] for name in parsers} == set(COMMANDS)
    for name, parser in parsers.items():
        section = re.search(rf"^##+ {name}$(.*?)(^##|\Z)", PAGE_OF_COMMANDS, re.MULTILINE | re.DOTALL)[1]
        for option in commands.options(parser) - {"-h", "--help"}:
            assert option in section


def test_catching_a_parser_leaves_argparse_as_it_was():
    commands.parsers()
    parser = argparse.ArgumentParser()
    parser.add_argument("--number", type=int)
    assert parser.parse_args(["--number", "3"]).number == 3


def test_a_docstring_tells_of_parameters_and_the_rest_stays_prose():
    text = """What it does.

    first, second: bounds. third: a cap, as in `other`. Raises SpecError for values out of range.

    Parameters: fourth (a name), else nothing.
    """
    names = ["first", "second", "third", "fourth"]
    told = {"first": "bounds.", "second": "bounds.", "third": "a cap, as in `other`.", "fourth": "a name"}
    assert meanings(names, [text]) == told
    assert untold(names, text) == "What it does.\n\nParameters: fourth (a name), else nothing."


def test_a_bar_in_a_cell_does_not_end_it():
    assert table(("a",), [("x|y\nz",)]) == "| a |\n| --- |\n| x\\|y z |"
