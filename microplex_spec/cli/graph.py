"""graph: what a file of a spec comes from and is measured by, as Mermaid text or as a picture."""

from __future__ import annotations

from pathlib import Path

from .arguments import parser, project_of, spec_name, write_file

FORMATS = ("mermaid", "svg")


def run(arguments: list[str]) -> int:
    made = parser("graph", __doc__ or "")
    made.add_argument("--format", choices=FORMATS, help="default: by the ending of --out, else mermaid")
    made.add_argument("--out", metavar="FILE", help="write to a file (default: print)")
    made.add_argument("--select", metavar="EXPR", help="name, +name with all it needs, name+ with all that needs it")
    options = made.parse_intermixed_args(arguments)

    from ..plan.drawing import colour, draw
    from ..plan.graph import cards, mermaid, restricted
    from ..plan.lineage import lineage, names_of
    from ..plan.select import select
    from ..spec.load import load_spec

    project = project_of(options.project)
    spec = load_spec(spec_name(project, options.overrides), project)
    nodes = lineage(spec)
    if options.select is not None:
        nodes = restricted(nodes, select(options.select, {n.id: n.needs for n in nodes}, names_of(spec, nodes)))
    form = options.format or ("svg" if str(options.out).endswith(".svg") else "mermaid")
    drawn = cards(nodes)
    text = mermaid(drawn, colour) if form == "mermaid" else str(draw(drawn, f"Lineage of {spec.name}"))
    if options.out is None:
        print(text)
        return 0
    write_file(Path(options.out), text + "\n")
    print(options.out)
    return 0
