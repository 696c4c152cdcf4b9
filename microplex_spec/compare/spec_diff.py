"""How two specs differ: by the identity of their objects, never by position; notes apart from what matters."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .declared import Declared, Fields, Key, is_note

ChangeKind = Literal["added", "removed", "changed", "renamed", "note"]
_ABSENT = object()


@dataclass(frozen=True)
class Change:
    """One difference. field: dotted, "" for a whole object; of a renamed one old and new are its names.

    references: of a renamed one, what says its new name and is the same otherwise, in words.
    where, where_old: file:line:col of the new and of the old side, "" where none is known. relative: new / old - 1
    of numbers.
    """

    object: str
    id: str
    change: ChangeKind
    field: str = ""
    old: Any = None
    new: Any = None
    where: str = ""
    where_old: str = ""
    relative: float | None = None
    references: tuple[str, ...] = ()

    @property
    def matters(self) -> bool:
        return self.change != "note"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def diff_declared(old: Declared, new: Declared) -> list[Change]:
    """Every difference, in the order of the new side, then what is gone."""
    removed = {key: fields for key, fields in old.objects.items() if key not in new.objects}
    added = {key: fields for key, fields in new.objects.items() if key not in old.objects}
    renamed = _renamed(removed, added)
    names = {before: name for (_, name), (_, before) in renamed.items()}
    kept = {key: fields for key, fields in new.objects.items() if key in old.objects}
    folded = {key: _references(old.objects[key], fields, names) for key, fields in kept.items()}
    found: list[Change] = []
    for key, fields in new.objects.items():
        kind, name = key
        if key in renamed:
            before = renamed[key][1]
            where, where_old = new.place(kind, name, ""), old.place(kind, before, "")
            said = tuple(
                f"{other} {its}: {field}"
                for (other, its), fields_folded in folded.items()
                for field, mentioned in fields_folded.items()
                if before in mentioned
            )
            found.append(Change(kind, name, "renamed", "", before, name, where, where_old, references=said))
        elif key in added:
            found.append(Change(kind, name, "added", where=new.place(kind, name, "")))
        else:
            found.extend(_changes(key, old, new, old.objects[key], fields, folded[key]))
    gone = removed.keys() - set(renamed.values())
    found.extend(
        Change(kind, name, "removed", where_old=old.place(kind, name, ""))
        for kind, name in removed
        if (kind, name) in gone
    )
    return found


def _renamed(removed: dict[Key, Fields], added: dict[Key, Fields]) -> dict[Key, Key]:
    """New key to old key where one object went and one of the very same content came."""
    by_content: dict[tuple[str, str], list[Key]] = {}
    for key, fields in removed.items():
        by_content.setdefault((key[0], _content(key[0], fields)), []).append(key)
    found = {}
    for key, fields in added.items():
        if alike := by_content.get((key[0], _content(key[0], fields))):
            found[key] = alike.pop(0)
    return found


def _content(kind: str, fields: Fields) -> str:
    return repr(sorted((name, repr(value)) for name, value in fields.items() if not is_note(kind, name)))


def _references(before: Fields, after: Fields, names: Mapping[str, str]) -> dict[str, list[str]]:
    """By field that differs by new names of other objects alone, the old names in it; names: new ones by old ones."""
    found: dict[str, list[str]] = {}
    if not names:
        return found
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(names, key=len, reverse=True)))})(?!\w)")
    for field, value in before.items():
        now = _reworded(field, pattern, names)
        differs = value != after.get(field) if now == field else field not in after
        if differs and _reworded(value, pattern, names) == after.get(now):
            mentioned = pattern.findall(f"{field} {value!r}")
            # A name within a field's own makes two fields of one: the old is gone, the new one there.
            found |= {each: list(dict.fromkeys(mentioned)) if each == now else [] for each in (field, now)}
    return found


def _reworded(value: Any, pattern: re.Pattern[str], names: Mapping[str, str]) -> Any:
    """A value with new names for old ones in every text of it."""
    if isinstance(value, str):
        return pattern.sub(lambda match: names[match[0]], value)
    if isinstance(value, list):
        return [_reworded(item, pattern, names) for item in value]
    if isinstance(value, dict):
        return {_reworded(key, pattern, names): _reworded(item, pattern, names) for key, item in value.items()}
    return value


def _changes(
    key: Key, old: Declared, new: Declared, before: Fields, after: Fields, references: Collection[str]
) -> Iterator[Change]:
    """The fields of one object that differ, but for references to what was renamed."""
    kind, name = key
    for field in dict.fromkeys((*after, *before)):
        if field in references:
            continue
        was, now = before.get(field, _ABSENT), after.get(field, _ABSENT)
        if was == now:
            continue
        was, now = (None if value is _ABSENT else value for value in (was, now))
        change: ChangeKind = "note" if is_note(kind, field) else "changed"
        where, where_old = new.place(kind, name, field), old.place(kind, name, field)
        yield Change(kind, name, change, field, was, now, where, where_old, _relative(kind, field, was, now))


def _relative(kind: str, field: str, old: Any, new: Any) -> float | None:
    """None of a seed, too, which is a name and no size."""
    if (kind, field) == ("run", "seed"):
        return None
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (old, new))
    return new / old - 1 if numbers and old else None
