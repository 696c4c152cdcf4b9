"""Kill builds at random instants, resume each, and hold the result against an uninterrupted build, byte for byte.

    python benchmarks/kill_and_resume.py PROJECT --kills 50 spec=us_cps_2023 scale=smoke

Each kill starts from an empty store in a copy of the project, so that it may fall into any step. Run by hand.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMAND = [sys.executable, "-c", "import sys; from microplex_spec.cli import main; sys.exit(main(sys.argv[1:]))"]


def copy_of(project: Path, into: Path) -> Path:
    """A project of its own: the same conf and targets, the same cached profiles, no store and no runs."""
    for folder in ("conf", "targets"):
        shutil.copytree(project / folder, into / folder)
    if (project / "runs" / ".cache").is_dir():
        shutil.copytree(project / "runs" / ".cache", into / "runs" / ".cache")
    return into


def the_run(project: Path) -> Path | None:
    """The one run folder of a project, once its plan is written."""
    return next((path.parent for path in (project / "runs").glob("*/*/plan.json")), None)


def results(run: Path) -> dict[str, bytes]:
    files = [run / "targets.csv", *sorted((run / "tables").glob("*.parquet"))]
    return {path.name: path.read_bytes() for path in files}


def one_kill(project: Path, overrides: list[str], after: float, wanted: dict[str, bytes]) -> str:
    """Build, kill after so many seconds, resume; what came of it in a word."""
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_of(project, Path(folder) / "project")
        build = subprocess.Popen([*COMMAND, "build", *overrides], cwd=copy, stdout=subprocess.DEVNULL)
        time.sleep(after)
        if build.poll() is not None:
            return "had ended"
        build.send_signal(signal.SIGKILL)
        build.wait()
        run = the_run(copy)
        if run is None:
            return "no plan yet"
        resumed = subprocess.run([*COMMAND, "resume", str(run)], cwd=copy, capture_output=True, text=True, check=False)
        if resumed.returncode:
            return f"FAILED: {resumed.stderr[-300:]}"
        return "same bytes" if results(run) == wanted else "OTHER BYTES"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_intermixed_args()
    with tempfile.TemporaryDirectory() as folder:
        reference = copy_of(options.project.resolve(), Path(folder) / "reference")
        begun = time.perf_counter()
        subprocess.run([*COMMAND, "build", *options.overrides], cwd=reference, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - begun
        run = the_run(reference)
        assert run is not None
        wanted = results(run)
        instants = random.Random(options.seed)
        counts: dict[str, int] = {}
        for number in range(options.kills):
            after = instants.uniform(0.02, 0.98) * seconds
            word = one_kill(options.project.resolve(), options.overrides, after, wanted)
            counts[word] = counts.get(word, 0) + 1
            print(f"{number + 1:>3}: killed after {after:6.1f} of {seconds:.1f} s: {word}", flush=True)
    print(counts)


if __name__ == "__main__":
    main()
