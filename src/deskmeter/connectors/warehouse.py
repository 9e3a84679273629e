"""What a connector to somebody's warehouse tables gives: canonical rows, and every raw row accounted for.

A warehouse is a set of tables that speak of each other, so its reader works in two rounds: it *looks* at the tables
in which something stands that another table needs (who was staff, when a ticket was created), then *reads* each
table once, batch by batch. What it remembers between batches is a few numbers a ticket, never the rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Lines = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class TableRows:
    """Some rows of a raw table in its order: one string column per column, with their lines in the raw object."""

    name: str
    table: pa.Table
    lines: Lines
    now_us: int


@dataclass(frozen=True)
class Fault:
    """Why one row is set aside: its position in the batch, the column and value at fault (null: the whole row)."""

    row: int
    column: str | None
    value: str | None
    reason: str


@dataclass(frozen=True)
class Note:
    """Something a reader of the numbers should know, and the lines in which it stands; those rows are stored."""

    code: str
    text: str
    lines: Lines


@dataclass(frozen=True)
class Understood:
    """What some raw rows say: canonical rows by table; rows without a fault are understood, also if they add nothing."""

    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class TableSpec:
    """A table that a connector reads.

    `needs` are the columns without which it cannot be read. `leans_on` are the tables that its rows are understood
    by: when one of them has changed, it is read anew. `is_looked_at`: it has something that others need.
    """

    name: str
    needs: tuple[str, ...]
    leans_on: tuple[str, ...] = ()
    is_looked_at: bool = False


class WarehouseReader(Protocol):
    """One import's reading of a warehouse; made anew for each import."""

    def look(self, rows: TableRows) -> None:
        """Remember what other tables need of these rows."""

    def looked(self, name: str) -> None:
        """The last look at a table is done."""

    def read(self, rows: TableRows) -> Understood:
        """The canonical rows of one batch, after every look."""

    def close(self, name: str) -> Understood:
        """Canonical rows that had to wait for the end of a table; it has no faults."""
