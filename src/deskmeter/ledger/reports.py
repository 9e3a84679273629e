"""What the ledger tells of itself: balances, rows set aside, conflicts, imports, sizes."""

import json
from collections.abc import Mapping
from datetime import datetime

import apsw

from deskmeter.base.time import from_micros
from deskmeter.canon.schema import TABLES, Table
from deskmeter.ledger.asking import rows, whole
from deskmeter.ledger.blocks import damaged_blocks, rows_in_blocks
from deskmeter.ledger.claims import as_content
from deskmeter.ledger.layout import REJECTED, STORED, content_columns, quoted
from deskmeter.ledger.protocol import Conflict, ImportRecord, SetAside, SetAsideRow, SourceBalance
from deskmeter.ledger.rawblocks import damaged_raw_blocks, raw_rows_in_blocks
from deskmeter.ledger.tables import arrow_column

_COUNTS = "received", "stored", "duplicates", "set_aside", "rejected"


def balances(db: apsw.Connection) -> tuple[SourceBalance, ...]:
    """The sums of all imports that count, by source."""
    sums = ", ".join(f"SUM(i.{name})" for name in _COUNTS)
    sums_by_source = rows(
        db,
        f"SELECT s.name, {sums} FROM ledger_import i JOIN ledger_source s ON s.source_no = i.source_no "
        "WHERE i.state IN ('done', 'repeated') GROUP BY s.name ORDER BY s.name",
    )
    return tuple(SourceBalance(*row) for row in sums_by_source)


def set_aside(db: apsw.Connection, source: str | None) -> tuple[SetAsideRow, ...]:
    """Each raw row that is set aside or rejected now, as the import that is its home saw it."""
    found = rows(
        db,
        "SELECT s.name, i.object_id, a.import_no, a.state, a.key, a.raw_line, a.at_column, a.value, a.reason, a.raw "
        "FROM ledger_set_aside a "
        "JOIN ledger_raw_row r ON r.source_no = a.source_no AND r.key = a.key "
        "AND r.import_no = a.import_no AND r.state = a.state "
        "JOIN ledger_import i ON i.import_no = a.import_no "
        "JOIN ledger_source s ON s.source_no = a.source_no "
        f"WHERE r.state > {STORED} AND (? IS NULL OR s.name = ?) ORDER BY s.name, a.import_no, a.raw_line, a.key",
        (source, source),
    )
    return tuple(
        SetAsideRow(name, object_id, number, state == REJECTED, SetAside(key, line, column, value, reason, raw))
        for name, object_id, number, state, key, line, column, value, reason, raw in found
    )


def conflicts(db: apsw.Connection, source: str | None) -> tuple[Conflict, ...]:
    """The rows that lost, each beside the columns in which it differs from the one that counts."""
    lost_rows = rows(
        db,
        "SELECT c.table_name, c.source_no, s.name, c.id, i.object_id, c.raw_line, c.content FROM ledger_superseded c "
        "JOIN ledger_source s ON s.source_no = c.source_no JOIN ledger_import i ON i.import_no = c.import_no "
        "WHERE (? IS NULL OR s.name = ?) ORDER BY c.table_name, s.name, c.id, c.import_no, c.raw_line",
        (source, source),
    )
    found: dict[tuple[str, str, str, str], Conflict] = {}
    for table, source_no, name, row_id, object_id, line, lost in lost_rows:
        kept = (table, name, row_id, lost)
        if kept not in found:
            counts = json.loads(_counting(db, table, source_no, row_id))
            lost_only, counts_only = _differing(TABLES[table], json.loads(lost), counts)
            found[kept] = Conflict(table, name, row_id, object_id, line, lost_only, counts_only)
    return tuple(found.values())


def _counting(db: apsw.Connection, table: str, source_no: int, row_id: str) -> str:
    columns = ", ".join(quoted(name) for name in content_columns(TABLES[table]))
    found = rows(db, f"SELECT {columns} FROM {quoted(table)} WHERE source_no = ? AND id = ?", (source_no, row_id))
    return as_content(TABLES[table], found[0])


Field = str | int | float | None


def _differing(
    table: Table, lost: Mapping[str, Field], counts: Mapping[str, Field]
) -> tuple[dict[str, str | None], dict[str, str | None]]:
    names = [name for name in content_columns(table) if lost.get(name) != counts.get(name)]
    return {name: _text(table, name, lost.get(name)) for name in names}, {
        name: _text(table, name, counts.get(name)) for name in names
    }


def _text(table: Table, name: str, value: Field) -> str | None:
    shown = arrow_column(table.column(name).type, [value])[0].as_py()
    return None if shown is None else str(shown)


def imports(db: apsw.Connection) -> tuple[ImportRecord, ...]:
    """The list of imports, in the order in which they began."""
    found = rows(
        db,
        "SELECT i.import_no, s.name, i.object_id, o.name, i.mapping_id, i.state, i.began_us, i.finished_us, "
        f"i.replaced_by, {', '.join(f'i.{name}' for name in _COUNTS)} "
        "FROM ledger_import i JOIN ledger_source s ON s.source_no = i.source_no "
        "JOIN ledger_object o ON o.id = i.object_id ORDER BY i.import_no",
    )
    return tuple(
        ImportRecord(
            number, source, object_id, object_name, mapping_id, state,
            from_micros(began), None if finished is None else from_micros(finished), replaced_by,
            SourceBalance(source, *counts),
        )
        for number, source, object_id, object_name, mapping_id, state, began, finished, replaced_by, *counts in found
    )  # fmt: skip


def sources(db: apsw.Connection) -> tuple[str, ...]:
    """Sources of which at least one import counts."""
    return tuple(balance.source for balance in balances(db))


def last_event_at(db: apsw.Connection) -> dict[str, datetime]:
    """The latest event that an import which counts has brought, by source."""
    found = rows(
        db,
        "SELECT s.name, MAX(i.last_event_us) FROM ledger_import i JOIN ledger_source s ON s.source_no = i.source_no "
        "WHERE i.state = 'done' AND i.last_event_us IS NOT NULL GROUP BY s.name",
    )
    return {name: from_micros(at) for name, at in found}


def counters(db: apsw.Connection) -> dict[str, int]:
    """Rows by canonical table (those that have any), and the size of the books."""
    counted = {name: row_count(db, name) for name in TABLES}
    return {name: count for name, count in counted.items() if count} | {
        "objects": _count(db, "ledger_object"),
        "object_bytes": whole(db, "SELECT COALESCE(SUM(size), 0) FROM ledger_object"),
        "imports": _count(db, "ledger_import"),
        "superseded": _count(db, "ledger_superseded"),
    }


def row_count(db: apsw.Connection, table: str) -> int:
    """The rows of a canonical table, wherever they lie."""
    return _count(db, quoted(table)) + rows_in_blocks(db, table)


def _count(db: apsw.Connection, table: str) -> int:
    return whole(db, f"SELECT COUNT(*) FROM {table}")


def found_wrong(db: apsw.Connection) -> list[str]:
    """What the file itself and the sums of its books show to be wrong, one line each."""
    wrong = [f"store: {row[0]}" for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
    for balance in balances(db):
        counted = balance.stored + balance.duplicates + balance.set_aside + balance.rejected
        if counted != balance.received:
            wrong.append(f"source `{balance.source}`: received {balance.received}, accounted for {counted}")
        homes = rows(
            db,
            "SELECT COUNT(*), SUM(CASE WHEN r.state = 0 THEN 1 ELSE 0 END) FROM ledger_raw_row r "
            "JOIN ledger_source s ON s.source_no = r.source_no WHERE s.name = ?",
            (balance.source,),
        )[0]
        packed = raw_rows_in_blocks(db, balance.source)
        if (homes[0] + packed, (homes[1] or 0) + packed) != (
            balance.stored + balance.set_aside + balance.rejected,
            balance.stored,
        ):
            wrong.append(
                f"source `{balance.source}`: {homes[0] + packed} raw rows kept do not match its balance {balance}"
            )
    wrong += [*damaged_blocks(db), *damaged_raw_blocks(db)]
    for name in TABLES:
        strays = whole(
            db,
            f"SELECT COUNT(*) FROM {quoted(name)} t LEFT JOIN ledger_import i ON i.import_no = t.import_no "
            "WHERE i.state IS NULL OR i.state <> 'done'",
        ) + whole(
            db,
            "SELECT COALESCE(SUM(b.rows_n), 0) FROM ledger_block b LEFT JOIN ledger_import i "
            "ON i.import_no = b.import_no WHERE b.table_name = ? AND (i.state IS NULL OR i.state <> 'done')",
            (name,),
        )
        if strays:
            wrong.append(f"table `{name}`: {strays} rows of imports that do not count")
    return wrong
