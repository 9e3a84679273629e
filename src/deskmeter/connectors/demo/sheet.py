"""Gathers invented rows and turns them into arrow tables with exactly the canonical columns."""

from collections.abc import Iterator
from datetime import date
from itertools import chain

import pyarrow as pa

from deskmeter.base.errors import BugError
from deskmeter.canon.schema import TABLES, Kind
from deskmeter.connectors.demo.world import SOURCE

Cell = str | int | float | bool | date | None
Row = dict[str, Cell]

ARROW = {
    "string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"), "date": pa.date32(),
}  # fmt: skip
MICROS_PER_SECOND = 1_000_000


class Sheet:
    """The rows of one canonical table; instants are given as UTC seconds."""

    def __init__(self, table: str) -> None:
        self.table = TABLES[table]
        self.rows: list[Row] = []

    def add(self, **cells: Cell) -> Row:
        """Keeps one row; columns that are not named are null."""
        self.rows.append(cells)
        return cells

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def arrow(self) -> pa.Table:
        """All rows in the order in which they were kept; BugError if one has a column that does not exist."""
        strange = set(chain.from_iterable(self.rows)) - set(self.table.names)
        if strange:
            raise BugError(f"the invented `{self.table.name}` has no column {sorted(strange)}")
        columns: dict[str, pa.Array] = {}
        for column in self.table.columns:
            if column.name == "source":
                columns["source"] = pa.array([SOURCE] * len(self.rows), pa.string())
            else:
                columns[column.name] = _array([row.get(column.name) for row in self.rows], column.type)
        return pa.table(columns)


def _array(cells: list[Cell], kind: Kind) -> pa.Array:
    if kind == "timestamp":
        micros = [None if cell is None else int(cell) * MICROS_PER_SECOND for cell in cells]  # type: ignore[arg-type]
        return pa.array(micros, pa.int64()).cast(ARROW[kind])
    return pa.array(cells, ARROW[kind])


def whole(cell: Cell) -> int:
    """A cell that is known to hold a whole number."""
    assert isinstance(cell, int)
    return cell


def text(cell: Cell) -> str:
    """A cell that is known to hold text."""
    assert isinstance(cell, str)
    return cell
