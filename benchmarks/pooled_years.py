"""The full spec with every survey year of its CPS file as base (280,005 units), under two budgets: the same bytes?

    python benchmarks/pooled_years.py PROJECT --budgets 6 24

Each budget has a store of its own, so that nothing is shared. Run by hand: half an hour on two cores.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from kill_and_resume import COMMAND, copy_of, results, the_run

SPEC, YEARS, ALL_YEARS = "us_cps_2023", "survey_years: [2014]", "survey_years: [2012, 2013, 2014]"


def variant_of(project: Path, into: Path) -> Path:
    """A copy of the project whose base is every survey year of the file."""
    copy = copy_of(project, into)
    sources = copy / "conf" / "specs" / SPEC / "sources.yaml"
    text = sources.read_text(encoding="utf-8")
    if text.count(YEARS) != 1:
        raise SystemExit(f"{sources} does not have {YEARS!r} once")
    sources.write_text(text.replace(YEARS, ALL_YEARS), encoding="utf-8")
    return copy


def told(run: Path) -> str:
    """Households, batches, seconds, the highest peak and the fit of a run, in a line."""
    plan = json.loads((run / "plan.json").read_text(encoding="utf-8"))
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    batches = [
        -(-step["batch"]["of"] // step["batch"]["households"]) for step in plan["steps"] if step["kind"] == "simulate"
    ]
    seconds, headline = sum(step["seconds"] or 0 for step in manifest["steps"]), manifest["headline"]
    peak = max(step["peak_bytes"] or 0 for step in manifest["steps"])
    return (
        f"{manifest['status']}: {seconds:.0f} s of steps, peak {peak / 1e9:.2f} GB, simulation batches {batches}, "
        f"{headline['fit_within_10pct']:.1%} within 10 %, ESS {headline['ess_share']:.1%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--budgets", nargs=2, type=float, default=[6, 24], metavar="GB")
    parser.add_argument(
        "--together", action="store_true", help="both builds at once: half the time, seconds worth less"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copies = [variant_of(options.project.resolve(), Path(folder) / f"{gb:g}gb") for gb in options.budgets]
        building = []
        for copy, gb in zip(copies, options.budgets, strict=True):
            command = [*COMMAND, "build", f"spec={SPEC}", "scale=full", f"resources.memory_gb={gb:g}"]
            building.append(subprocess.Popen(command, cwd=copy, stdout=subprocess.DEVNULL))
            if not options.together:
                building[-1].wait()
        if any(build.wait() for build in building):
            sys.exit("a build failed")
        runs = []
        for copy, gb in zip(copies, options.budgets, strict=True):
            run = the_run(copy)
            assert run is not None
            runs.append(run)
            print(f"{gb:g} GB: {told(run)}", flush=True)
        first, second = (results(run) for run in runs)
        same = [name for name, content in first.items() if second.get(name) == content]
        print(f"{len(same)} of {len(first)} files have the same bytes")
    sys.exit(0 if len(same) == len(first) == len(second) else 1)


if __name__ == "__main__":
    main()
