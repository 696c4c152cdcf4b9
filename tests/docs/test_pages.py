"""The pages: they name no command or option that there is not, their headings go in order, the site builds whole."""

import json
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import commands
import pytest
from pages import DOCS, REPOSITORY, blocks
from ruamel.yaml import YAML

PAGES = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))
TEXTS = {page: (DOCS / page).read_text(encoding="utf-8") for page in PAGES}
TEXTS["README.md"] = (REPOSITORY / "README.md").read_text(encoding="utf-8")
HYDRA = {flag for flags in commands.HYDRA_FLAGS for flag in re.findall(r"-+\w+", flags)}
_CALL = re.compile(r"microplex-spec ([a-z][\w-]*)([^`\n]*)")


def calls(text: str) -> list[tuple[str, list[str]]]:
    """Every call of the command line in a page, with its arguments."""
    found = []
    for command, rest in _CALL.findall(text):
        rest = re.split(r"[|;>]|&&|  #", rest)[0]
        try:
            found.append((command, shlex.split(rest)))
        except ValueError:
            found.append((command, rest.split()))
    return found


@pytest.mark.parametrize("page", TEXTS)
def test_a_page_names_no_command_and_no_option_that_there_is_not(page):
    parsers = commands.parsers()
    for command, words in calls(TEXTS[page]):
        assert command in parsers, f"{page}: microplex-spec {command}"
        verbs = {name.partition(" ")[2] for name in parsers if name.startswith(f"{command} ")}
        name = f"{command} {words[0]}" if words and words[0] in verbs else command
        assert name in parsers
        known = commands.options(parsers[name]) | (HYDRA if command == "build" else set())
        options = {re.match(r"-+[\w-]*", word)[0] for word in words if re.match(r"-+[a-z]", word)}
        assert options <= known, f"{page}: microplex-spec {name} {' '.join(sorted(options - known))}"


@pytest.mark.parametrize("page", TEXTS)
def test_headings_go_down_one_level_at_a_time_from_one_title(page):
    text = re.sub(r"^( *)```.*?^\1```$", "", TEXTS[page], flags=re.MULTILINE | re.DOTALL)
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, flags=re.MULTILINE)]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_shows_of_yaml_and_json_can_be_read(page):
    for block in blocks(page, "json"):
        for document in re.split(r"\n(?=\{)", block.text.strip()):
            json.loads(document)
    for block in blocks(page, "yaml"):
        YAML(typ="safe").load(block.text)


class Links(HTMLParser):
    """What a page of the site fetches and links to, its ids, and whether its pictures have words."""

    def __init__(self, text: str):
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.wordless: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids.add(given.get("id") or "")
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        elif tag in ("script", "img", "iframe") and given.get("src"):
            self.fetched.append(given["src"] or "")
        elif tag == "link" and given.get("rel") in ("stylesheet", "icon", "preconnect"):
            self.fetched.append(given["href"] or "")
        if tag == "img" and not given.get("alt"):
            self.wordless.append(given.get("src") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    pytest.importorskip("material", reason="the extra `docs` is not installed")
    folder = tmp_path_factory.mktemp("site")
    call = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(call, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_site_fetches_nothing_and_every_link_within_it_leads_somewhere(site):
    pages = {path: Links(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    assert len(pages) > len(PAGES)
    for path, page in pages.items():
        assert not page.wordless
        if path.name == "404.html":
            continue
        for address in page.fetched:
            assert "://" not in address and (path.parent / address.partition("?")[0]).is_file(), f"{path}: {address}"
        for link in page.links:
            file, _, anchor = link.partition("#")
            if "://" in link or not link.strip("#"):
                continue
            target = (path.parent / file).resolve() if file else path.resolve()
            target = target / "index.html" if target.is_dir() else target
            assert target.is_file(), f"{path}: {link}"
            assert not anchor or anchor in pages[target].ids, f"{path}: {link}"
    for script in [*site.rglob("*.css"), site / "assets" / "iframe-worker.js"]:
        assert "url(http" not in script.read_text(encoding="utf-8")


def test_formulas_are_set_without_scripts(site):
    text = (site / "methods.html").read_text(encoding="utf-8")
    assert text.count("<math") > 20 and "arithmatex" not in text
