"""Canonical rows out of the store and back into arrow columns."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

import apsw
import pyarrow as pa

from deskmeter.base.arrow_compute import pc
from deskmeter.canon.schema import Table
from deskmeter.ledger.asking import among, rows
from deskmeter.ledger.blocks import Block, block_places, blocks_around, content_of, read_back
from deskmeter.ledger.laying import order_key
from deskmeter.ledger.layout import quoted, stored_columns, ticket_column
from deskmeter.ledger.tables import Value, arrow_column, arrow_schema

FETCH_ROWS = 20_000
"""Rows turned into columns at a time: enough to be quick, few enough to stay in the processor's cache."""

Row = tuple[Value, ...]


class RowReader:
    """Reads one canonical table within one transaction."""

    def __init__(self, db: apsw.Connection, table: Table) -> None:
        self._db = db
        self._table = table
        self._names = stored_columns(table)
        self._sources: dict[Value, str] = dict(db.execute("SELECT source_no, name FROM ledger_source"))
        self._objects: dict[Value, str] = {}
        columns = ", ".join(quoted(name) for name in self._names)
        self._select = f"SELECT source_no, import_no, {columns} FROM {quoted(table.name)}"

    def all_rows(self, size: int) -> Iterator[pa.Table]:
        """The whole table in parts of at most `size` rows; none when it is empty."""
        for block in block_places(self._db, self._table.name):
            whole = self._of_block(block)
            yield from (whole.slice(start, size) for start in range(0, len(whole), size))
        cursor = self._db.execute(self._select)
        while True:
            pieces: list[pa.Table] = []
            wanted = size
            while wanted and (found := _fetch(cursor, min(wanted, FETCH_ROWS))):
                pieces.append(self._to_arrow(found))
                wanted -= len(found)
            if not pieces:
                return
            yield pa.concat_tables(pieces)

    def of_tickets(self, tickets: Sequence[tuple[str, str]]) -> pa.Table:
        """The rows of some tickets (source, id), by index; a ticket named twice is read once."""
        numbers = {name: number for number, name in self._sources.items()}
        wanted = [(numbers[source], ticket) for source, ticket in sorted(set(tickets)) if source in numbers]
        where = f"WHERE source_no = ? AND {quoted(ticket_column(self._table))} = ?"
        cursor = self._db.executemany(f"{self._select} {where}", wanted)
        pieces: list[pa.Table] = []
        while found := _fetch(cursor, FETCH_ROWS):
            pieces.append(self._to_arrow(found))
        pieces += self._of_tickets_in_blocks(wanted)
        return pa.concat_tables([*pieces, arrow_schema(self._table).empty_table()])

    def of_imports(self, numbers: Collection[int]) -> pa.Table:
        """The rows that came with one of these imports and count now."""
        pieces = [
            self._of_block(block) for block in block_places(self._db, self._table.name) if block.import_no in numbers
        ]
        cursor = self._db.execute(f"{self._select} WHERE {among('import_no', numbers)}")
        while found := _fetch(cursor, FETCH_ROWS):
            pieces.append(self._to_arrow(found))
        return pa.concat_tables([*pieces, arrow_schema(self._table).empty_table()])

    def _of_tickets_in_blocks(self, wanted: Sequence[tuple[Value, str]]) -> Iterator[pa.Table]:
        column = ticket_column(self._table)
        for source_no in {number for number, _ in wanted}:
            assert isinstance(source_no, int)
            tickets = [ticket for number, ticket in wanted if number == source_no]
            if column == order_key(self._table):
                places = blocks_around(self._db, self._table, source_no, tickets)
            else:
                places = block_places(self._db, self._table.name, source_no)
            sought = pa.array(tickets, pa.string())
            for block in places:
                found = self._of_block(block)
                yield found.filter(pc.is_in(found[column], sought))

    def _of_block(self, block: Block) -> pa.Table:
        """The rows of a block with every canonical column; what the block lacks is null in all of them."""
        found = read_back(content_of(self._db, block))
        count = len(found)
        known = {"source": self._sources[block.source_no], "raw_object": self._object_ids((block.import_no,))[0]}
        columns = [
            pa.repeat(pa.scalar(known[field.name], pa.string()), count)
            if field.name in known
            else found[field.name]
            if field.name in found.column_names
            else pa.nulls(count, field.type)
            for field in arrow_schema(self._table)
        ]
        return pa.table(columns, schema=arrow_schema(self._table))

    def _to_arrow(self, found: list[Row]) -> pa.Table:
        schema = arrow_schema(self._table)
        if not found:
            return schema.empty_table()
        columns = dict(zip(("source_no", "import_no", *self._names), zip(*found, strict=True), strict=True))
        made = {name: arrow_column(self._table.column(name).type, columns[name]) for name in self._names}
        made["source"] = pa.array([self._sources[number] for number in columns["source_no"]], pa.string())
        made["raw_object"] = pa.array(self._object_ids(columns["import_no"]), pa.string())
        return pa.table([made[name] for name in schema.names], schema=schema)

    def _object_ids(self, import_numbers: Row) -> list[str]:
        """The object that each import read; only those that are asked for are looked up, and once."""
        for number in set(import_numbers) - self._objects.keys():
            found = rows(self._db, "SELECT object_id FROM ledger_import WHERE import_no = ?", (number,))
            self._objects[number] = found[0][0]
        return [self._objects[number] for number in import_numbers]


def _fetch(cursor: apsw.Cursor, count: int) -> list[Row]:
    return list(islice(cursor, count))
