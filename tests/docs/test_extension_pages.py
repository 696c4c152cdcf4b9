"""The packages that the how-to pages show: installed as they stand there, found by name, and doing what is said."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pages import REPOSITORY, blocks, install

from microplex_spec.spec.yaml_reader import read_yaml


def run(folder: Path, *command: str, at: Path = REPOSITORY) -> str:
    """Run Python with what is installed in the folder; its output, once it ended well."""
    paths = os.pathsep.join([str(folder), str(REPOSITORY / "tests")])
    done = subprocess.run(
        [sys.executable, *command],
        cwd=at,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def backends(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backends")
    install("how-to/add-a-backend.md", folder)
    return folder


def test_the_imputer_of_the_page_keeps_what_the_page_says_it_promises(backends):
    """As the page uses it: donors by weight, zeros among them, the same values however the rows are cut."""
    shown = next(block.text for block in blocks("how-to/add-a-backend.md", "python") if "imputer = " in block.text)
    run(
        backends,
        "-c",
        "import numpy as np\n"
        "X, y = np.ones((5000, 2)), np.r_[np.zeros(1000), np.arange(1.0, 4001)]\n"
        "w = np.where(y == 0, 4.0, 1.0)\n"
        f"{shown}\n"
        "assert np.isin(drawn, y).all() and abs((drawn == 0).mean() - 0.5) < 0.03\n"
        "ids = np.arange(5000)\n"
        "parts = [imputer.draw(X[a : a + 700], 1, ids[a : a + 700]) for a in range(0, 5000, 700)]\n"
        "assert np.concatenate(parts).tobytes() == drawn.tobytes() != imputer.draw(X, 2).tobytes()\n",
    )


def test_the_calibrator_of_the_page_scales_and_is_judged_like_any_other(backends):
    run(
        backends,
        "-c",
        "from scipy.sparse import csr_array\n"
        "from microplex_spec.calibrate import CalibrationProblem, make_calibrator\n"
        "problem = CalibrationProblem(csr_array([[1.0], [1.0]]), [6.0], [1.0, 2.0])\n"
        "result = make_calibrator('acme_one_factor').solve(problem)\n"
        "assert result.weights.tolist() == [2.0, 4.0] and result.converged\n"
        "capped = make_calibrator('acme_one_factor', most=1.5).solve(problem)\n"
        "assert not capped.converged and 'one factor' in capped.reason\n",
    )


def test_an_installed_backend_is_suggested_chosen_by_rule_and_stands_in_the_reference(
    backends, small_project_template, tmp_path
):
    run(
        backends,
        "-c",
        "from small_project import SmallProject\n"
        "from pathlib import Path\n"
        "import shutil, sys\n"
        "sys.path.insert(0, 'docs/generate')\n"
        "import backends\n"
        "assert '### acme_hot_deck' in backends.pages()['reference/backends.md']\n"
        f"shutil.copytree({str(small_project_template.root)!r}, {str(tmp_path / 'p')!r})\n"
        f"small = SmallProject(Path({str(tmp_path / 'p')!r}))\n"
        "small.edit('variables/imputed.yaml', '  uprate: ADIVS', '  uprate: ADIVS\\n  imputer: {name: acme_hot_dek}')\n"
        "assert 'acme_hot_deck' in ' '.join(small.errors()), small.errors()\n",
    )


def test_the_reader_of_the_page_gives_a_population(tmp_path):
    install("how-to/add-a-reader.md", tmp_path)
    (tmp_path / "survey.txt").write_text("1.5;40,8\n2;70\n", encoding="utf-8")
    run(
        tmp_path,
        "-c",
        "from microplex_spec.spec.entities import Entities, Entity\n"
        "from microplex_spec.spec.registry import READERS\n"
        "entities = Entities({'household': Entity(name='household'), "
        "'person': Entity(name='person', within=('household',))})\n"
        f"reader = READERS.load('acme_lines')({{'file': 'survey.txt'}}, {str(tmp_path)!r})\n"
        "population = reader.read(entities)\n"
        "assert population.column('age').tolist() == [40, 8, 70]\n"
        "assert population.weights('design', 'person').tolist() == [1.5, 1.5, 2]\n",
    )


def test_a_spec_is_built_with_the_engine_of_the_page(small_project_template, tmp_path):
    install("how-to/add-an-engine.md", tmp_path / "site")
    shown = tmp_path / "shown.yaml"
    shown.write_text(next(block.text for block in blocks("how-to/add-an-engine.md", "yaml")), encoding="utf-8")
    assert set(read_yaml(shown, "shown.yaml").data) == {"employment_income", "flat_tax"}
    run(
        tmp_path / "site",
        "-c",
        "from small_project import SmallProject\n"
        "from pathlib import Path\n"
        "import shutil, pandas as pd\n"
        f"shutil.copytree({str(small_project_template.root)!r}, {str(tmp_path / 'p')!r})\n"
        f"small = SmallProject(Path({str(tmp_path / 'p')!r}))\n"
        "small.edit('variables/observed.yaml', 'uprate: AWAGE', "
        "'uprate: AWAGE\\n  engine: {acme_tax: {variable: wages}}')\n"
        "small.append('variables/made.yaml', 'flat_tax: {entity: tax_unit, unit: usd, derive: acme_tax.tax}\\n')\n"
        "from microplex_spec import compile_plan, execute\n"
        "result = execute(compile_plan(small.load()), project=small.project)\n"
        "assert result.status == 'done', result\n"
        "unit = pd.read_parquet(result.folder / 'tables' / 'tax_unit.parquet')\n"
        "assert unit.flat_tax.sum() > 0\n"
        "assert ((unit.flat_tax - 0.2 * unit.unit_employment_income).abs() <= 1e-6 * unit.flat_tax.abs()).all()\n",
    )
