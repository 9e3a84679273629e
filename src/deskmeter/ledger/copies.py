"""Columns kept at hand in the process that imported them, so that a first build need not read back what it wrote.

A copy is the arrow file of a finished import, mapped and not in memory. A table has copies only while they are known
to be all of it; in doubt they are dropped, and the table is read from the store. Nothing here outlives the process.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from deskmeter.canon.schema import TABLES, Table
from deskmeter.ledger.spool import Part
from deskmeter.ledger.tables import arrow_schema

MOST_PARTS = 256
"""A table in more parts than this came in small pieces, which would pile up in memory; it is read from the store."""


@dataclass(frozen=True)
class _Copy:
    """Mapped rows of one part, with what the import knows of all of them."""

    rows: pa.Table
    source: str
    object_id: str


class ColumnCopies:
    """The parts of each canonical table whose every row came in through this process and stands unchanged."""

    def __init__(self, empty: Sequence[str]) -> None:
        # A table that was empty at the start is known in full: it has no parts yet.
        self._parts: dict[str, tuple[_Copy, ...]] = dict.fromkeys(empty, ())

    def add(self, parts: Sequence[Part], new: Mapping[str, int], source: str, object_id: str) -> None:
        """Take in a finished import that replaced nothing; `new` is its count of new rows by table."""
        for name in {name for part in parts for name in part.tables}:
            arrived = [part.tables[name] for part in parts if name in part.tables]
            known = self._parts.get(name, ())
            is_all_new = sum(len(rows) for rows in arrived) == new.get(name, 0)
            if name in self._parts and is_all_new and len(known) + len(arrived) <= MOST_PARTS:
                self._parts[name] = known + tuple(_Copy(rows, source, object_id) for rows in arrived)
            else:
                self._parts.pop(name, None)

    def forget(self) -> None:
        """Rows have changed or gone: every table is read from the store from now on."""
        self._parts.clear()

    def table(self, name: str) -> pa.Table | None:
        """The whole table, or None if it has to be read."""
        parts = self._parts.get(name)
        if parts is None:
            return None
        return pa.concat_tables(
            [arrow_schema(TABLES[name]).empty_table(), *(_whole(TABLES[name], part) for part in parts)]
        )


def _whole(table: Table, part: _Copy) -> pa.Table:
    """Rows as they were appended, with every canonical column; what is the same in all of them takes memory only here."""
    rows = part.rows
    known = {"source": part.source, "raw_object": part.object_id}
    columns = [
        pa.repeat(pa.scalar(known[field.name], pa.string()), len(rows))
        if field.name in known
        else rows[field.name]
        if field.name in rows.column_names
        else pa.nulls(len(rows), field.type)
        for field in arrow_schema(table)
    ]
    return pa.table(columns, schema=arrow_schema(table))
