"""Sources of targets, each told once: thousands of rows then carry a number and their own cell only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

from .data import Target, without_url


@dataclass(frozen=True)
class Source:
    """A publication with all that its targets' source texts have in common."""

    number: int
    agency: str
    text: str
    url: str


@dataclass(frozen=True)
class Citation:
    """A target's source, and the rest of its text: the cell, mostly."""

    source: Source
    cell: str


def cite(targets: Iterable[Target]) -> tuple[list[Source], dict[str, Citation]]:
    """Sources in order of first use, and the citation of each target by its id."""
    groups: dict[tuple[str, str], list[Target]] = {}
    for target in targets:
        groups.setdefault((target.url, target.agency), []).append(target)
    sources, citations = [], {}
    for number, ((url, agency), group) in enumerate(groups.items(), start=1):
        texts = [without_url(target.source, target.url) for target in group]
        shared = _shared(texts)
        source = Source(number, agency or shared.partition(", ")[0], shared.rstrip(", "), url)
        sources.append(source)
        for target, text in zip(group, texts, strict=True):
            citations[target.id] = Citation(source, text[len(shared) :])
    return sources, citations


def _shared(texts: list[str]) -> str:
    """The longest common beginning that ends with a whole part."""
    low, high = min(texts), max(texts)
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False)))
    common = low[:alike]
    if all(text == common for text in texts):
        return common
    return common[: common.rfind(", ") + 2] if ", " in common else ""
