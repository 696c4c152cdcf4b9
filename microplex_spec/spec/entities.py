"""Entities of a population and how they nest: which table a row belongs to, and which link leads upward."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .record import Record


class Entity(Record):
    """One kind of unit (household, person, tax unit ...) and the groups that each of its rows lies within.

    Exactly one entity, the root, lies within no other: it carries the weights.
    """

    name: str
    """The name by which it is called; the file's key."""
    label: str = ""
    """What a reader is shown."""
    within: tuple[str, ...] = ()
    """The groups that a row belongs to; its table holds a link column `<group>_id` for each."""
    roles: dict[str, str] = {}
    """Members that stand for a group: `{head: is_tax_unit_head}` makes `head.age` the age of the one member for whom
    the boolean column `is_tax_unit_head` is true."""

    @property
    def key(self) -> str:
        """Column that identifies a row of this entity, and links to it elsewhere."""
        return f"{self.name}_id"


class Entities(Mapping[str, Entity]):
    """The entities of a spec, from the root (household: it alone carries weights) down to the members."""

    def __init__(self, entities: Mapping[str, Entity]):
        self._entities = dict(entities)

    def __getitem__(self, name: str) -> Entity:
        return self._entities[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entities)

    def __len__(self) -> int:
        return len(self._entities)

    @property
    def root(self) -> str:
        """The entity that lies within no other and carries the weights."""
        return next(name for name, entity in self._entities.items() if not entity.within)

    @property
    def member(self) -> str:
        """The entity that all groups are made of: the one within most others (person)."""
        return max(self._entities, key=lambda name: len(self._entities[name].within))

    def is_above(self, group: str, entity: str) -> bool:
        """Whether each row of `entity` lies within exactly one row of `group`."""
        return group in self._entities[entity].within
