"""report: one page that tells the whole run, from the files that the run folder holds by now."""

from __future__ import annotations

from typing import Any

from ...report import write_report
from ..task import Task


def run(task: Task) -> dict[str, Any]:
    page = task.out / "report.html"
    write_report(task.run, page)
    return {"bytes": page.stat().st_size}
