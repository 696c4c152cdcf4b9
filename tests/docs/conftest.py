"""Where the pages lie, and the generator of the reference among what may be imported."""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
sys.path.insert(0, str(DOCS / "generate"))
