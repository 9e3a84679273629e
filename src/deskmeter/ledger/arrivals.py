"""What some imports changed: for whoever keeps something that was made of the rows and wants to follow them."""

import json
from collections.abc import Collection, Mapping

import apsw

from deskmeter.canon.schema import Table
from deskmeter.ledger.asking import among, rows
from deskmeter.ledger.layout import quoted
from deskmeter.ledger.tables import Value


def counting_imports(db: apsw.Connection) -> frozenset[int]:
    """The imports whose rows count: finished, and not replaced by another reading."""
    return frozenset(row[0] for row in rows(db, "SELECT import_no FROM ledger_import WHERE state = 'done'"))


def displaced(
    db: apsw.Connection, table: Table, numbers: Collection[int]
) -> tuple[tuple[str, Mapping[str, Value]], ...]:
    """Source and content of every row that lost to one that came with these imports, then or before."""
    found = rows(
        db,
        f"SELECT s.name, c.content FROM ledger_superseded c JOIN ledger_source s ON s.source_no = c.source_no "
        f"JOIN {quoted(table.name)} m ON m.source_no = c.source_no AND m.id = c.id "
        f"WHERE c.table_name = ? AND {among('m.import_no', numbers)}",
        (table.name,),
    )
    return tuple((source, json.loads(content)) for source, content in found)
