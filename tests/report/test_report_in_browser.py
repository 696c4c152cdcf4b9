"""The report as a browser shows it: opened from disk, without network, its search, sorting and links tried out."""

import json
import re
import shutil
import subprocess

import pytest

from microplex_spec.report import write_report

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")

# What a reader does, done by a script at the end of the page; what he then sees is left in the title.
TRIED = """
<script>
const rows = table => [...document.getElementById(table).tBodies[0].rows];
const seen = table => rows(table).filter(row => !row.hidden && row.getClientRects().length);
const type = (input, text) => { input.value = text; input.dispatchEvent(new Event("input")); };
const found = {};
found.targets = seen("target-table").length;
type(document.querySelector('[data-for="target-table"] input[type=search]'), "dividends amount");
found.searched = seen("target-table").map(row => row.cells[0].textContent);
type(document.querySelector('[data-for="target-table"] input[type=search]'), "");
document.querySelector('#target-table thead th').click();
found.sorted = rows("target-table").map(row => row.cells[0].textContent);
type(document.querySelector('[data-search="variable-table"] input'), "farm");
found.variables = seen("variable-table").map(row => row.id);
found.told = document.querySelector('[data-search="variable-table"] output').textContent;
const links = [...document.querySelectorAll("#lineage a")].map(a => a.getAttribute("href"));
found.dangling = links.filter(href => !document.getElementById(decodeURIComponent(href.slice(1))));
found.links = links.length;
location.hash = "#variable-dividends";
setTimeout(() => {
  const row = document.getElementById("variable-dividends");
  found.unfolded = !row.hidden && row.querySelector("details").open;
  document.title = JSON.stringify(found);
}, 200);
</script>
"""


@pytest.fixture(scope="module")
def opened(kept_run):
    """What stood in the page after the script, and what the browser wrote to its console."""
    page = kept_run / "report.html"
    write_report(kept_run, page)
    page.write_text(page.read_text(encoding="utf-8").replace("</body>", f"{TRIED}</body>"), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=5000"]
    offline = ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={page.parent / 'profile'}"]
    call = [BROWSER, *flags, *offline, "--dump-dom", page.as_uri()]
    done = subprocess.run(call, check=False, capture_output=True, text=True, timeout=120)
    title = re.search(r"<title>(\{.*?\})</title>", done.stdout)
    assert title, done.stderr
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(title[1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")), console


def test_the_page_opens_from_disk_without_a_word_on_the_console(opened):
    assert opened[1] == []


def test_searching_leaves_the_targets_that_hold_every_word(opened):
    found, _ = opened
    assert 0 < len(found["searched"]) < found["targets"]
    assert all("dividends" in name and "amount" in name for name in found["searched"])


def test_a_click_on_a_heading_sorts_the_rows(opened):
    names = opened[0]["sorted"]
    assert len(names) > 10
    assert names == sorted(names) or names == sorted(names, reverse=True)


def test_variables_are_found_by_any_word_and_the_count_is_told(opened):
    found, _ = opened
    assert found["variables"] == ["variable-farm_income"]
    assert found["told"].startswith("1 of ")


def test_every_name_of_the_lineage_leads_to_a_place_of_the_page_and_unfolds_it(opened):
    found, _ = opened
    assert found["links"] > 5
    assert found["dangling"] == []
    assert found["unfolded"]
