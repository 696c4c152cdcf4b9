"""The pages of a comparison and of a leaderboard as a browser shows them: offline, searched and sorted."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from small_project import SmallProject

from microplex_spec.cli import main

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")

FEW = ("spec=small", "scale=smoke", "scale.households=60")
TRIED = """
<script>
const rows = [...document.getElementById("TABLE").tBodies[0].rows];
const search = document.querySelector('[data-search="TABLE"] input');
const found = {rows: rows.length, links: [...document.querySelectorAll("nav a")].map(a => a.hash.slice(1))};
found.dangling = found.links.filter(id => !document.getElementById(id));
search.value = "WORD"; search.dispatchEvent(new Event("input"));
found.searched = rows.filter(row => !row.hidden).map(row => row.textContent);
const heading = document.querySelector("#TABLE thead th:nth-child(COLUMN)");
heading.focus(); heading.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter"}));
found.focused = document.activeElement === heading;
found.sorted = [...document.getElementById("TABLE").tBodies[0].rows].map(row => row.cells[COLUMN - 1].textContent);
document.title = JSON.stringify(found);
</script>
"""


def opened(page: Path, table: str, word: str, column: int) -> tuple[dict, list[str]]:
    """What a reader finds who searches a table for a word and sorts it by keyboard, and the browser's console."""
    tried = TRIED.replace("TABLE", table).replace("WORD", word).replace("COLUMN", str(column))
    page.write_text(page.read_text(encoding="utf-8").replace("</body>", f"{tried}</body>"), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=5000"]
    offline = ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={page.parent / 'profile'}"]
    call = [BROWSER, *flags, *offline, "--dump-dom", page.as_uri()]
    done = subprocess.run(call, check=False, capture_output=True, text=True, timeout=120)
    title = re.search(r"<title>(\{.*?\})</title>", done.stdout, re.DOTALL)
    assert title, done.stderr
    return json.loads(title[1]), [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.fixture(scope="module")
def pages(small_project_template: SmallProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with diff.html of two runs, and board.html of all."""
    root = tmp_path_factory.mktemp("pages") / "project"
    shutil.copytree(small_project_template.root, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert main(["build", "-m", *FEW, "calibrator=logit,chi2", "seed=1,2"]) == 0
        (sweep,) = (root / "runs" / "sweeps").iterdir()
        runs = [str(sweep / number) for number in ("0", "1")]
        assert main(["diff", *runs, "--html", "diff.html"]) == 4
        assert main(["compare", str(sweep), "--html", "board.html"]) == 0
    return root


def test_the_page_of_a_comparison_is_searched_and_sorted_offline(pages):
    found, console = opened(pages / "diff.html", "targets-table", "dividends", 1)
    assert console == [] and found["dangling"] == [] and "targets" in found["links"]
    assert 0 < len(found["searched"]) < found["rows"]
    assert all("dividends" in text for text in found["searched"])
    assert found["focused"]
    assert found["sorted"] in (sorted(found["sorted"]), sorted(found["sorted"], reverse=True))


def test_the_page_of_a_leaderboard_is_searched_and_sorted_offline(pages):
    found, console = opened(pages / "board.html", "leaderboard", "chi2", 8)
    assert console == [] and found["rows"] == 2
    assert len(found["searched"]) == 1 and "chi2" in found["searched"][0]
    shares = [float(text.split(" ")[0]) for text in found["sorted"]]
    assert shares in (sorted(shares), sorted(shares, reverse=True))
