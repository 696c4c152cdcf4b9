"""Real survey files that may lie beside the repository; tests that read them are skipped where they do not."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared_data(*parts: str) -> Path:
    """A file or folder of shared/data; skips the test where it is not here."""
    path = FOLDER.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{'/'.join(('shared', 'data', *parts))} beside the repository is not here")
    return path
