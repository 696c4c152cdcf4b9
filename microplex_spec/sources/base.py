"""What every reader of survey files offers: its own YAML keys, its files, its columns, and a Population."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from ..spec.entities import Entities
from ..spec.errors import Problem, Problems, SpecError
from ..spec.places import read_record
from ..spec.record import Record
from ..spec.yaml_reader import Document

if TYPE_CHECKING:
    from ..population import Population

type Dtype = Literal["number", "bool", "code"]


class Column(NamedTuple):
    """Where a variable of a source lives, and what its values are."""

    entity: str
    dtype: Dtype


class Reader(ABC):
    """One survey format. Deterministic: the same files and parameters give the same Population, to the byte.

    A subclass sets `Params`, a Record of the keys that may stand under the source's `params:`, and raises
    `version` whenever the same files would give other values, since both enter the keys of a build.

    params: those keys, as a mapping or as a `Params`. base_folder: what relative file names are relative to.
    Raises SpecError for unknown or wrong keys.
    """

    version: ClassVar[int]
    Params: ClassVar[type[Record]]

    params: Record

    def __init__(self, params: Mapping[str, Any] | Record, base_folder: Path | str = "."):
        self.base_folder = Path(base_folder)
        self.params = params if isinstance(params, self.Params) else self._checked(params)

    @abstractmethod
    def files(self) -> list[Path]:
        """Every file whose content decides the result, in a fixed order."""

    @abstractmethod
    def columns(self) -> dict[str, Column]:
        """The variables that `read` can yield (no keys, links or weights), without reading the data."""

    @abstractmethod
    def read(self, entities: Entities) -> Population:
        """The population, with exactly the entities asked for; variables of other entities are left out.

        Raises SpecError for a missing file or column, repeated keys, broken links, or an entity or a link
        that the source cannot give.
        """

    def _checked(self, params: Any) -> Record:
        problems = Problems()
        what = f"params of {type(self).__name__}"
        record = read_record(self.Params, dict(params), Document(what), (), problems, what)
        if record is None:
            raise SpecError([Problem(problem.message, hint=problem.hint) for problem in problems.found])
        return record
