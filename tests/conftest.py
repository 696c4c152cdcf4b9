"""What tests of several packages share: a small real project, written once and copied for each test."""

import shutil
from pathlib import Path

import pytest
from small_project import SmallProject, write_small_project


@pytest.fixture(scope="session")
def small_project_template(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    return write_small_project(tmp_path_factory.mktemp("small_project"))


@pytest.fixture
def small_project(small_project_template: SmallProject, tmp_path: Path) -> SmallProject:
    """A project of its own for one test: `edit` its files, `load` it, ask for its `errors`."""
    root = tmp_path / "project"
    shutil.copytree(small_project_template.root, root)
    return SmallProject(root)
