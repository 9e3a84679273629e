"""Gathers invented rows and turns them into arrow tables with exactly the canonical columns."""

from collections.abc import Iterator
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

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
        cells = self._columns()
        strange = set(cells) - set(self.table.names)
        if strange:
            raise BugError(f"the invented `{self.table.name}` has no column {sorted(strange)}")
        arrays = {"source": pa.array([SOURCE] * len(self.rows), pa.string())}
        for column in self.table.columns[1:]:
            found = cells.get(column.name)
            empty = pa.nulls(len(self.rows), ARROW[column.type])
            arrays[column.name] = empty if found is None else _array(found, column.type)
        return pa.table(arrays)

    def _columns(self) -> dict[str, list[Cell]]:
        """The rows turned into columns, touching only what is there: most cells of an event are null."""
        found: dict[str, list[Cell]] = {}
        for index, row in enumerate(self.rows):
            for name, cell in row.items():
                if name not in found:
                    found[name] = [None] * len(self.rows)
                found[name][index] = cell
        return found


def _array(cells: list[Cell], kind: Kind) -> pa.Array:
    if kind == "timestamp":
        seconds = pa.array(cells, pa.int64())
        return pc.multiply(seconds, MICROS_PER_SECOND).cast(ARROW[kind])
    return pa.array(cells, ARROW[kind])


def whole(cell: Cell) -> int:
    """A cell that is known to hold a whole number."""
    assert isinstance(cell, int)
    return cell


def text(cell: Cell) -> str:
    """A cell that is known to hold text."""
    assert isinstance(cell, str)
    return cell
