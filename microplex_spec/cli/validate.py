"""validate: read a spec and everything it names, and report every fault at once."""

from __future__ import annotations

from collections import Counter

from .arguments import parser, project_of, spec_name


def run(arguments: list[str]) -> int:
    options = parser("validate", __doc__ or "").parse_intermixed_args(arguments)

    from ..spec.load import load_spec

    project = project_of(options.project)
    spec = load_spec(spec_name(project, options.overrides), project)
    roles: Counter[str] = Counter(target.role for target in spec.targets)
    origins: Counter[str] = Counter(variable.origin for variable in spec.variables.values())
    print(f"{spec.name} is valid: {spec.settings.label}")
    print(f"  {len(spec.variables)} variables: {_counted(origins)}")
    print(f"  {len(spec.targets)} targets: {_counted(roles)}")
    print(f"  {len(spec.benchmarks)} benchmarks, {len(spec.sources)} sources, {len(spec.checks)} checks")
    return 0


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counter.most_common())
