"""init: make a new project that builds at once, from a small real sample or guessed from a file of the user's own."""

from __future__ import annotations

from pathlib import Path

from .arguments import Parser


def run(arguments: list[str]) -> int:
    made = Parser(prog="microplex-spec init", description=__doc__)
    made.add_argument("folder", metavar="DIR", help="a new folder, or an empty one")
    made.add_argument("--from-data", metavar="FILE", help="a survey as .parquet, .csv or .csv.gz; guesses are marked")
    options = made.parse_args(arguments)

    from ..scaffold import project_from_file, refuse_used, sample_project, write_project

    folder = Path(options.folder).absolute()
    # Before the data are read, which may take a while.
    refuse_used(folder)
    project = project_from_file(Path(options.from_data), folder) if options.from_data else sample_project()
    write_project(project, folder)
    print(f"{options.folder}: a project with the spec {project.spec}")
    for line in project.told:
        print(f"  {line}")
    print(f"next: cd {options.folder} && microplex-spec build")
    return 0
