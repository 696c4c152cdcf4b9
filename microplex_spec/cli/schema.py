"""schema: write a JSON Schema for every YAML file of the language, by which editors complete and check."""

from __future__ import annotations

from pathlib import Path

from ..spec.errors import SpecError
from .arguments import Parser, project_of, write_file


def run(arguments: list[str]) -> int:
    made = Parser(prog="microplex-spec schema", description=__doc__)
    made.add_argument("--out", metavar="DIR", help="where to write (default: schemas in the project's folder)")
    made.add_argument("--project", metavar="DIR", help="the project's folder (default: found upward from here)")
    options = made.parse_args(arguments)

    from ..spec.schemas import SCHEMAS, modeline, schema_texts

    folder = Path(options.out) if options.out else project_of(options.project).root / SCHEMAS
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpecError(f"cannot make {folder}: {error.strerror}") from None
    for path, text in schema_texts(str(folder)).items():
        write_file(Path(path), text)
        print(path)
    print(f"an editor finds one by a file's first line, such as\n{modeline('variables', str(folder))}")
    return 0
