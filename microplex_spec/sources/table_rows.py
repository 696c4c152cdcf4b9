"""Rows of one entity of the reader `table`: files put together, joined and typed, under their own names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..spec.errors import Problem, SpecError, did_you_mean
from ..spec.project import resolve_file
from .base import Dtype
from .files import file_columns, read_columns
from .table_params import EntityTable, JoinedFile, as_names

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 3


@dataclass(frozen=True)
class EntityFiles:
    """The files of one entity: what columns they hold, and their rows.

    types: kinds declared by the user, by variable or by name in the file. weight: column of the weight, for
    the root.
    """

    name: str
    table: EntityTable
    folder: Path
    types: Mapping[str, Dtype]
    weight: str | None

    @property
    def paths(self) -> list[Path]:
        return [resolve_file(name, self.folder) for name in self.table.file_names]

    @property
    def joined_paths(self) -> list[Path]:
        return [resolve_file(joined.file, self.folder) for joined in self.table.join]

    def structural(self) -> list[str]:
        """Columns that become the key, the links and the weight."""
        links = [column for names in self.table.links.values() for column in as_names(names)]
        weight = [self.weight] if self.weight is not None else []
        return list(dict.fromkeys([*self.table.key_columns, *links, *weight]))

    def variables(self) -> dict[str, str]:
        """Name in the files -> variable, of all that becomes a variable. SpecError for unknown names."""
        held = self._held
        named = [*(self.table.columns or ()), *self.table.drop, *self.table.rename, *self.structural()]
        lacking = [name for name in dict.fromkeys(named) if name not in held]
        if lacking:
            where = self.table.file_names[0]
            raise SpecError(
                [Problem(f"{self.name}: {where} has no column {n!r}", hint=did_you_mean(n, held)) for n in lacking]
            )
        kept = self.table.columns
        if kept is None:
            hidden = {*self.structural(), *self.table.drop} - set(self.table.rename)
            kept = tuple(name for name in held if name not in hidden)
        else:
            kept = tuple(dict.fromkeys([*kept, *self.table.rename]))
        return {name: self.table.rename.get(name, name) for name in kept if name not in self.table.drop}

    def kinds(self) -> dict[str, Dtype | None]:
        """Kind of every column by its name in the files: what is declared, else what the files hold."""
        return {
            name: self.types.get(self.table.rename.get(name, name), self.types.get(name, kind))
            for name, kind in self._held.items()
        }

    def read(self) -> pd.DataFrame:
        """All rows, columns under their names in the files, rows in the order of the files."""
        import pandas as pd

        wanted = [*self.structural(), *self.variables()]
        kinds = {name: kind for name, kind in self.kinds().items() if kind is not None}
        sources = self._sources()
        own = [name for name in wanted if sources[name] is None]
        on = [name for joined in self.table.join for name in as_names(joined.on)]
        own = list(dict.fromkeys([*own, *(name for name in on if name in sources and sources[name] is None)]))
        rows = pd.concat([read_columns(path, own, kinds) for path in self.paths], ignore_index=True)
        for joined in self.table.join:
            added = [name for name in wanted if sources[name] is joined]
            rows = self._join(rows, joined, added, kinds)
        return rows

    @cached_property
    def _held(self) -> dict[str, Dtype | None]:
        """Columns of the first file and of the joined ones; all files of a table must hold the same."""
        first, *others = self.paths
        held = file_columns(first)
        for other in others:
            strange = set(file_columns(other)) ^ set(held)
            if strange:
                raise SpecError(f"{self.name}: {other} and {first} differ in the columns {', '.join(sorted(strange))}")
        for joined in self.table.join:
            for name, kind in self._added(joined).items():
                if name in held:
                    raise SpecError(f"{self.name}: the joined file {joined.file} repeats the column {name!r}")
                held[name] = kind
        return held

    def _added(self, joined: JoinedFile) -> dict[str, Dtype | None]:
        path, on = resolve_file(joined.file, self.folder), as_names(joined.on)
        held = file_columns(path)
        lacking = [name for name in (*on, *(joined.columns or ())) if name not in held]
        if lacking:
            raise SpecError([Problem(f"{path} has no column {n!r}", hint=did_you_mean(n, held)) for n in lacking])
        return {n: k for n, k in held.items() if n not in on and (joined.columns is None or n in joined.columns)}

    def _sources(self) -> dict[str, JoinedFile | None]:
        """Which joined file a column comes from; None for the table's own files."""
        sources: dict[str, JoinedFile | None] = dict.fromkeys(file_columns(self.paths[0]))
        for joined in self.table.join:
            sources.update(dict.fromkeys(self._added(joined), joined))
        return sources

    def _join(
        self, rows: pd.DataFrame, joined: JoinedFile, added: Sequence[str], kinds: Mapping[str, Dtype]
    ) -> pd.DataFrame:
        on = list(as_names(joined.on))
        right = read_columns(resolve_file(joined.file, self.folder), [*on, *added], kinds)
        check_unique(right[on], f"{joined.file} (joined to {self.name})")
        places = locate_keys(right[on], rows[on], f"{self.name}: join of {joined.file}")
        unmatched = places < 0
        if unmatched.any():
            raise SpecError(
                f"{self.name}: {int(unmatched.sum()):,} of {len(rows):,} rows have no match in {joined.file} "
                f"by {', '.join(on)}, e.g. {examples(rows[on], unmatched)}"
            )
        return rows.assign(**{name: right[name].array[places] for name in added})


def check_unique(keys: pd.DataFrame, what: str) -> None:
    """SpecError, with counts and the first few, where a key is missing or stands twice."""
    missing = keys.isna().any(axis=1).to_numpy()
    if missing.any():
        raise SpecError(f"{what}: {int(missing.sum()):,} rows lack a key ({', '.join(keys.columns)})")
    repeated = keys.duplicated().to_numpy()
    if repeated.any():
        raise SpecError(
            f"{what}: the key {', '.join(keys.columns)} repeats in {int(repeated.sum()):,} of {len(keys):,}"
            f" rows, e.g. {examples(keys, repeated)}"
        )


def locate_keys(keys: pd.DataFrame, wanted: pd.DataFrame, what: str) -> np.ndarray:
    """(rows of wanted,) row number in `keys` of each row's key, column by column; -1 where there is none."""
    import pandas as pd

    for left, right in zip(wanted.columns, keys.columns, strict=True):
        if _is_text(wanted[left]) != _is_text(keys[right]):
            raise SpecError(
                Problem(
                    f"{what}: {left!r} and {right!r} are text and number",
                    hint="declare both under types",
                )
            )
    if keys.shape[1] == 1:
        return pd.Index(keys.iloc[:, 0]).get_indexer(pd.Index(wanted.iloc[:, 0]))
    return pd.MultiIndex.from_frame(keys).get_indexer(pd.MultiIndex.from_frame(wanted))


def key_ids(keys: pd.DataFrame) -> np.ndarray:
    """(rows,) int64 ids of unique keys: a single whole number from 0 up is its own id, else the rank."""
    only = keys.iloc[:, 0].to_numpy() if keys.shape[1] == 1 else np.array("")
    if only.dtype.kind in "iu" and (only >= 0).all():
        return only.astype(np.int64)
    order = keys.sort_values(list(keys.columns), kind="stable").index.to_numpy()
    ids = np.empty(len(keys), dtype=np.int64)
    ids[order] = np.arange(1, len(keys) + 1)
    return ids


def examples(keys: pd.DataFrame, chosen: np.ndarray) -> str:
    """The first few of the chosen keys, as text."""
    first = keys[chosen].head(_SHOWN).itertuples(index=False, name=None)
    return "; ".join(" ".join(map(str, key)) for key in first)


def _is_text(column: pd.Series) -> bool:
    import pandas as pd

    return isinstance(column.dtype, pd.StringDtype)
