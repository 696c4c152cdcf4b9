"""How two specs differ: by the identity of their objects, never by position; notes apart from what matters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .declared import Declared, Fields, Key, is_note

ChangeKind = Literal["added", "removed", "changed", "renamed", "note"]
_ABSENT = object()


@dataclass(frozen=True)
class Change:
    """One difference. field: dotted, "" for a whole object; of a renamed one old and new are its names.

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
    found: list[Change] = []
    for key, fields in new.objects.items():
        kind, name = key
        if key in renamed:
            before = renamed[key][1]
            where, where_old = new.place(kind, name, ""), old.place(kind, before, "")
            found.append(Change(kind, name, "renamed", "", before, name, where, where_old))
        elif key in added:
            found.append(Change(kind, name, "added", where=new.place(kind, name, "")))
        else:
            found.extend(_changes(key, old, new, old.objects[key], fields))
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


def _changes(key: Key, old: Declared, new: Declared, before: Fields, after: Fields) -> Iterator[Change]:
    kind, name = key
    for field in dict.fromkeys((*after, *before)):
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
