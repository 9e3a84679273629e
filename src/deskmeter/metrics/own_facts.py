"""What a fact offers to the desk's own metrics: columns, instants and countable things under plain names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.spec import Asked, Condition, Flow

Kind = Literal["number", "seconds", "money", "flag", "text"]
Reads = Callable[["ibis.Table", Asked], "ibis.Value"]
MICROS = 1_000_000


@dataclass(frozen=True)
class OwnColumn:
    """One column: its plain name, what it holds, and how it is read (`reads` None: the column of that name)."""

    name: str
    kind: Kind
    says: str
    reads: Reads | None = None
    holds: str | None = None  # money: the column of millionths

    def value(self, rows: ibis.Table, asked: Asked) -> ibis.Value:
        """The column as an expression over the fact's rows; money in millionths."""
        if self.holds is not None:
            return rows[self.holds]
        return self.reads(rows, asked) if self.reads else rows[self.name]


@dataclass(frozen=True)
class OwnBasis:
    """An instant that files the rows into periods, with who is credited then."""

    name: str
    column: str
    credit: str
    dims: Mapping[str, str] = field(default_factory=dict)

    @property
    def when(self) -> Flow:
        """How time files the rows."""
        return Flow(self.column)


@dataclass(frozen=True)
class OwnFact:
    """One fact.

    Attributes:
        bases: the first is the one that holds where a definition names none.
        things: what can be counted once each -> its column.
        keep: the rows of the table that belong to it; None: all.
        splits: columns that dimensions are read from, besides source (held against the table itself by a test).
    """

    name: str
    table: str
    says: str
    bases: tuple[OwnBasis, ...]
    columns: tuple[OwnColumn, ...] = ()
    things: Mapping[str, str] = field(default_factory=dict)
    keep: Condition | None = None
    splits: str = ""

    def column(self, name: str) -> OwnColumn | None:
        """The column called `name`, or None."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def has(self) -> tuple[str, ...]:
        """Every column that dimensions are read from."""
        return ("source", "at_us", *self.splits.split())

    def basis(self, name: str | None) -> OwnBasis | None:
        """The basis called `name`, the first for None."""
        return self.bases[0] if name is None else next((basis for basis in self.bases if basis.name == name), None)
