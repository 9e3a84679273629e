"""What a compute engine must offer; everything above speaks Ibis expressions to it and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa


@dataclass(frozen=True)
class Purpose:
    """What a table of a build is for; an engine does more than that if it likes.

    Attributes:
        is_kept: it outlives the build.
        columns: those that must outlive it; None for all.
        is_read: later tables of the build are made from it. One that is not may be made beside them.
    """

    is_kept: bool = True
    columns: tuple[str, ...] | None = None
    is_read: bool = True


QUESTIONS = Purpose()


class Engine(Protocol):
    """One place where tables live and expressions run. Tables are named; expressions refer to them by name."""

    name: str

    def load(self, name: str, rows: pa.Table | Iterable[pa.Table], is_kept: bool = True) -> None:
        """Make (or replace) the table `name` from Arrow data, whole or in parts (at least one) of which each is let go.

        One that is not kept goes with `commit`.
        """

    def prepare(self, expr: ibis.Table) -> str:
        """The engine's text of a table with exactly the columns and types of `expr`."""

    def create(self, name: str, text: str, purpose: Purpose = QUESTIONS) -> None:
        """Make (or replace) the table `name` from prepared text over tables of this engine.

        An error of a table that no step reads may be raised later, at the latest by `commit`.
        """

    def begin(self) -> None:
        """Begin a build: readers see nothing of it before `commit`."""

    def commit(self) -> None:
        """Make the build visible and drop what was not kept."""

    def roll_back(self) -> None:
        """Take the build back."""

    def read(self, name: str) -> pa.Table:
        """All rows of a stored table."""

    def is_empty(self, name: str) -> bool:
        """Whether a stored table has no row."""

    def compile(self, expr: ibis.Table) -> str:
        """The engine's own text for an expression."""

    def run(self, text: str, values: Mapping[str, object], tables: Mapping[str, pa.Table]) -> pa.Table:
        """Run compiled text with bound `values`, seeing the small `tables` beside the stored ones."""

    def fetch(self, expr: ibis.Table) -> pa.Table:
        """Compile and run in one go."""

    def schemas(self) -> dict[str, dict[str, str]]:
        """Every stored table with its columns."""

    def sizes(self) -> dict[str, int]:
        """Every stored table with its number of rows."""

    def close(self) -> None:
        """Let go of all files."""


class ChangingEngine(Engine, Protocol):
    """An engine whose stored tables can be changed in part."""

    def begin_change(self) -> None:
        """Begin a change of what is stored: like `begin`, but the tables are there, with what they hold."""

    def replace_rows(self, name: str, gone: Sequence[pa.Table], rows: pa.Table) -> None:
        """Take the rows of a stored table away that agree with some row of a table of `gone` in all columns of it.

        And put `rows` in, whose columns are found by name. Only between `begin_change` and `commit`.
        """
